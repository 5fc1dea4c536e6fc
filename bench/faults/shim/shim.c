// Stands before libc's fsync, which in this program nobody but SQLite calls (Go asks the kernel itself), and does at the N-th call
// what FAULT_SYNC says: "before:N" kills the process before the data is durable, "after:N" once it is, "eio:N:K" has K calls fail.
// "unwritten:N" kills it before the N-th piece of the write-ahead log is written: a kill before a flush leaves a whole transaction in
// the hands of the kernel, this one leaves it torn.
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

static atomic_long pieces;

static void before_write(int fd) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 4 || memcmp(path + n - 4, "-wal", 4) != 0) return;
  if (at("unwritten", atomic_fetch_add(&pieces, 1) + 1, 0)) raise(SIGKILL);
}

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  before_write(fd);
  return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  ssize_t (*real)(int, const void *, size_t, off_t) = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  before_write(fd);
  return real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  ssize_t (*real)(int, const void *, size_t, off64_t) = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  before_write(fd);
  return real(fd, data, size, offset);
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
