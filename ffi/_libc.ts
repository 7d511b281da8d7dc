/**
 * libc itself: the table of its functions and errno.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { errnoMessage, errnoName } from "./errno.ts";

/** Symbol table of glibc, C prototype above each entry. */
const LIBC_SYMBOLS = {
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // int vsnprintf(char *str, size_t size, const char *format, va_list ap);
  vsnprintf: { parameters: ["buffer", "usize", "pointer", "buffer"], result: "i32" },
  // long sysconf(int name);
  sysconf: { parameters: ["i32"], result: "i64" },
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length);
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // int memfd_create(const char *name, unsigned int flags);
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // int openat(int dirfd, const char *pathname, int flags, ... /* mode_t mode */);
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int ftruncate(int fd, off_t length);
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // char *if_indextoname(unsigned int ifindex, char *ifname);
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int mount(const char *source, const char *target, const char *fstype, unsigned long flags, const void *data);
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  // int umount2(const char *target, int flags);
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // int mkdirat(int dirfd, const char *pathname, mode_t mode);
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int unlinkat(int dirfd, const char *pathname, int flags);
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int statfs(const char *path, struct statfs *buf);
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  // int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  // int uname(struct utsname *buf);
  uname: { parameters: ["buffer"], result: "i32" },
  // long syscall(long number, ...);
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof LIBC_SYMBOLS>;

let library: Libc | undefined;
let errnoView: Deno.UnsafePointerView | undefined;

/**
 * The functions of libc, opened on first use; never closed, because the runtime itself lives on it.
 *
 * @returns the functions
 */
export function libc(): Libc["symbols"] {
  if (library === undefined) {
    // The runtime is linked to it, so the loader answers with the copy in memory and searches no path.
    library = Deno.dlopen("libc.so.6", LIBC_SYMBOLS);
    // Found now, because finding it after a failed call could change what it holds.
    lastErrno();
  }
  return library.symbols;
}

/**
 * Opens libc now instead of on first use, so that a test's resource sanitizer does not take it for a leak of the test.
 */
export function openLibc(): void {
  libc();
}

/**
 * errno of the calling thread; meaningful only directly after a failed call, before any await.
 *
 * @returns positive errno, or 0
 */
export function lastErrno(): number {
  if (errnoView === undefined) {
    const location = libc().__errno_location();
    // __errno_location answers the address of a thread-local variable and cannot fail.
    if (location === null) throw new TypeError("__errno_location() answered NULL");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return errnoView.getInt32();
}

/**
 * The error of a call that just failed.
 *
 * @param errno its errno, read before anything else
 * @param operation what was attempted, in the infinitive
 * @returns the error to throw
 */
export function failure(errno: number, operation: string): LibbpfError {
  return new LibbpfError(operation, errno, errnoName(errno), { cause: errnoMessage(errno) });
}

/** `dirfd` that stands for the current directory. */
export const AT_FDCWD: number = -100;
