// What must hold between the entries of a catalogue. Used by both readers.
#pragma once

#include "catalog/catalog.h"

#include <string>
#include <vector>

namespace weir {

/// Every fault, each naming its entry: 'subscription acme/s1: no plan "pro"'.
std::vector<std::string> validate(const Catalog& catalog);

}  // namespace weir
