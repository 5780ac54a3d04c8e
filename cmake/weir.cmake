# How Weir's targets are made: one library a folder, one binary a service, one test binary a folder.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(Boost 1.81 REQUIRED)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WEIR_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${WEIR_CCACHE})
endif()
find_program(WEIR_MOLD mold)
if(WEIR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                    -Wnon-virtual-dtor -Woverloaded-virtual -Werror -fno-omit-frame-pointer)
include_directories("${CMAKE_SOURCE_DIR}")
# Generated code (protobuf) lives under the build folder by the same paths.
include_directories(SYSTEM "${CMAKE_BINARY_DIR}/generated")

# weir_library(name DEPS target...) makes the library of this folder from its *.cc, leaving out
# main.cc and *_test.cc. An empty folder of headers makes an interface library.
function(weir_library name)
  cmake_parse_arguments(arg "" "" "DEPS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "(/main|_test)\\.cc$")
  list(APPEND sources ${arg_SOURCES})
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${arg_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
  endif()
endfunction()

# weir_binary(name DEPS target...) makes a service's binary from this folder's main.cc.
function(weir_binary name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/main.cc")
    add_executable(${name} main.cc)
    target_link_libraries(${name} PRIVATE ${arg_DEPS})
  endif()
endfunction()

# weir_tests(name [SERVICES [STREAMS]] [SOURCES file...] DEPS target... [LABELS label...] [TIMEOUT seconds]) makes
# one test binary from this folder's *_test.cc (or from SOURCES) and registers it with ctest as one test (gtest prints each promise by
# name). With SERVICES it needs the real broker and the real PostgreSQL: ctest starts both once for
# the run (fixture weir_services), and the binary finds them in WEIR_TEST_KAFKA (host:port) and
# WEIR_TEST_POSTGRES (connection string of the superuser), and the services' binaries in WEIR_BIN. With
# STREAMS it runs twice: on the broker, and as name_file on file logs (WEIR_TEST_STREAM=file).
function(weir_tests name)
  cmake_parse_arguments(arg "SERVICES;STREAMS" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  set(sources ${arg_SOURCES})
  if(NOT sources)
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  endif()
  if(NOT sources)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  if(arg_SERVICES)
    # The addresses are known only when the servers run, so a wrapper hands them over.
    add_test(NAME ${name} COMMAND "${CMAKE_SOURCE_DIR}/tests/with_services.sh"
      "${CMAKE_BINARY_DIR}/services" "$<TARGET_FILE:${name}>")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON FIXTURES_REQUIRED weir_services
      ENVIRONMENT "WEIR_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    if(arg_STREAMS)
      add_test(NAME ${name}_file COMMAND "${CMAKE_SOURCE_DIR}/tests/with_services.sh"
        "${CMAKE_BINARY_DIR}/services" "$<TARGET_FILE:${name}>")
      set_tests_properties(${name}_file PROPERTIES RUN_SERIAL ON FIXTURES_REQUIRED weir_services
        ENVIRONMENT "WEIR_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};WEIR_TEST_STREAM=file"
        TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
    endif()
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
