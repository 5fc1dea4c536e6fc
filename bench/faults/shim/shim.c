// Stands before libc's fsync, which in this program nobody but SQLite calls (Go asks the kernel itself), and does at the N-th call
// what FAULT_SYNC says: "before:N" kills the process before the data is durable, "after:N" once it is, "eio:N:K" has K calls fail.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls;

static int at(const char *what, long n, long more) {
  const char *plan = getenv("FAULT_SYNC");
  size_t len = strlen(what);
  if (plan == NULL || strncmp(plan, what, len) != 0 || plan[len] != ':') return 0;
  long first = 0, count = 1;
  sscanf(plan + len + 1, "%ld:%ld", &first, &count);
  return n >= first && n < first + (more ? count : 1);
}

static int sync_with(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  long n = atomic_fetch_add(&calls, 1) + 1;
  if (at("before", n, 0)) raise(SIGKILL);
  if (at("eio", n, 1)) {
    errno = EIO;
    return -1;
  }
  int result = real(fd);
  if (at("after", n, 0)) raise(SIGKILL);
  return result;
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
