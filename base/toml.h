// toml++, which several folders include by this header and no other way.
//
// In a build without NDEBUG the library asserts what a hostile file may well break ("key begins with
// a character that keys cannot have"), and would end the process where it has an error to tell; with
// NDEBUG the same becomes undefined behaviour. Neither is wanted: its own checks, a few lines
// further on, do report. One definition for all, since the library is inline.
#pragma once

#ifdef NDEBUG
#error "toml++ takes its assertions for promises to the optimizer then; build without NDEBUG"
#endif
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
