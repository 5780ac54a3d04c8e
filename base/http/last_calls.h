// The last connections of a listener that is about to close. Private to base/http.
//
// A connection that the kernel has completed and nobody has accepted is reset when its listener closes,
// with the request that may be on it already. So new handshakes are ignored first (not refused: their
// clients ask again after a second, and then find nobody here), what is complete is accepted, and then
// the listener closes. TCP on Linux; elsewhere, and on Unix sockets, it does nothing.
#pragma once

namespace weir {

/// From now on this listening socket answers no further SYN. Best effort.
void ignore_new_handshakes(int listener);

}  // namespace weir
