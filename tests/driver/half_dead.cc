// A process whose first thread has ended while another still listens: what a killed server is for as
// long as its threads take to die, held still for a test to look at.
//
//   half_dead PORT
#include <arpa/inet.h>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return 69;
  if (::listen(listening, 8) != 0) return 69;
  std::thread([] { ::pause(); }).detach();
  ::syscall(SYS_exit, 0);  // this thread alone
}
