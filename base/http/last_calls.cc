#include "base/http/last_calls.h"

#include <array>
#include <cstdint>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace weir {
namespace {

constexpr std::uint32_t kTcpFlagsAt = 13;  // in the header that a TCP socket's filter sees
constexpr std::uint32_t kSyn = 0x02;
constexpr std::uint32_t kWholePacket = 0xFFFF'FFFF;

bool is_tcp(int socket) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_TCP;
}

}  // namespace

void ignore_new_handshakes(int listener) {
  if (!is_tcp(listener)) return;  // a filter on another kind of socket would mean other bytes
  // The end of a handshake has no SYN any more, and passes.
  std::array<sock_filter, 4> program = {
      sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kTcpFlagsAt),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, kWholePacket),
  };
  const sock_fprog filter{program.size(), program.data()};
  (void)::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

}  // namespace weir
