/* Preloaded before libc: the n-th system call that changes files below a folder fails, and, if asked for, all after it.

   So each error of a disk can be tried, and each prefix of the calls, which is what a crash leaves. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#undef fwrite_unlocked

static char root[PATH_MAX];
static long seen, at = -1;
static int error, lasting;

void faults_arm(const char *folder, long call, int number, int all_after) {
    strncpy(root, folder, sizeof root - 1);
    seen = 0, at = call, error = number, lasting = all_after;
}

long faults_disarm(void) {
    at = -1;
    return seen;
}

static int below(const char *path) { return at >= 0 && path && strncmp(path, root, strlen(root)) == 0; }

static int below_file(int file) {
    char link[64], path[PATH_MAX];
    if (at < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int fails(int counted) {
    if (!counted) return 0;
    long call = seen++;
    if (call != at && !(lasting && call > at)) return 0;
    errno = error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                     \
    int name(const char *path, int flags, ...) {                                       \
        va_list list;                                                                  \
        va_start(list, flags);                                                         \
        mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;                      \
        va_end(list);                                                                  \
        if (fails((flags & (O_WRONLY | O_RDWR | O_CREAT)) && below(path))) return -1;  \
        return REAL(name)(path, flags, mode);                                          \
    }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                                    \
    FILE *name(const char *path, const char *mode) {                                   \
        if (fails(*mode != 'r' && below(path))) return NULL;                           \
        return REAL(name)(path, mode);                                                 \
    }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int file, const void *data, size_t size) {
    return fails(below_file(file)) ? -1 : REAL(write)(file, data, size);
}
size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    return fails(below_file(fileno(file))) ? 0 : REAL(fwrite)(data, size, count, file);
}
size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
    return fails(below_file(fileno(file))) ? 0 : REAL(fwrite_unlocked)(data, size, count, file);
}
int fflush(FILE *file) { return fails(file && below_file(fileno(file))) ? EOF : REAL(fflush)(file); }
int fsync(int file) { return fails(below_file(file)) ? -1 : REAL(fsync)(file); }
int rename(const char *from, const char *to) { return fails(below(to)) ? -1 : REAL(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { return fails(below(path)) ? -1 : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return fails(below(path)) ? -1 : REAL(unlink)(path); }
int unlinkat(int folder, const char *path, int flags) {
    return fails(below_file(folder)) ? -1 : REAL(unlinkat)(folder, path, flags);
}
int rmdir(const char *path) { return fails(below(path)) ? -1 : REAL(rmdir)(path); }
