// The original design and Weir, beside each other, in the same incident: the same topic, the same traffic,
// the same server, the same moments at which cron starts a billing run.
//
// A period of some seconds is under way; four seconds before its end the incident begins; it lasts until
// cron has run, at the grace behind the end. Then it is over, both sides catch up, and Weir's cron runs
// again. What each charged for the time up to that end is compared with the reference bill, customer by
// customer. When the server is replaced, cron's run is the first to reach the new one, before the services
// of either side are back: whoever bills by the clock does not notice. Everything that is not about the
// incident ends the run by an exception. Threads: one.
#pragma once

#include "tests/incidents/incident.h"

#include <functional>
#include <string>

namespace weir::test {

enum class Trouble {
  none,               // a calm day: both must be right
  analytics_crashes,  // incident 1
  disk_fills,         // incident 2
  shared_upgrade      // incident 3
};
const char* name_of(Trouble trouble);

struct Outcome {
  Bill owed;
  Bill old_way;
  Bill weir_at_cron;   // {} when it held
  int weir_cron_exit;  // 0, or 75: held
  Bill weir;           // in the end
};

/// `tell` gets a line for a person to read whenever something happens.
Outcome play(Trouble trouble, const std::function<void(const std::string&)>& tell);

/// Customers whose charge is not what they owe, and by how much in all.
struct Wrong {
  int customers = 0;
  std::int64_t minor = 0;
};
Wrong compare(const Bill& owed, const Bill& charged);

std::string table_of(const std::vector<std::pair<Trouble, Outcome>>& outcomes);

}  // namespace weir::test
