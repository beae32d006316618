/* Preloaded before libc: the n-th system call that changes files below a folder fails, and, if asked for, all after it.

   So each error of a disk can be tried, and each prefix of the calls, which is what a crash leaves. The calls are
   noted too, a line each, so that their order can be checked: what a power cut leaves depends on what was flushed. */
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

static char lines[1 << 20];
static size_t used;

void faults_arm(const char *folder, long call, int number, int all_after) {
    strncpy(root, folder, sizeof root - 1);
    seen = 0, at = call, error = number, lasting = all_after, used = 0, lines[0] = 0;
}

long faults_disarm(void) {
    at = -1;
    return seen;
}

const char *faults_calls(void) { return lines; }

static const char *below(const char *path) {
    return at >= 0 && path && strncmp(path, root, strlen(root)) == 0 ? path : NULL;
}

static const char *below_file(int file) {
    static __thread char path[PATH_MAX];
    char link[64];
    if (at < 0) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return below(path);
}

static int fails(const char *call, const char *path, const char *to) {
    if (!path) return 0;
    long number = seen++;
    if (used + 2 * PATH_MAX < sizeof lines)
        used += snprintf(lines + used, sizeof lines - used, "%s\t%s\t%s\n", call, path, to);
    if (number != at && !(lasting && number > at)) return 0;
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
        int writes = flags & (O_WRONLY | O_RDWR | O_CREAT);                            \
        if (writes && fails("open", below(path), "")) return -1;                       \
        return REAL(name)(path, flags, mode);                                          \
    }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                                    \
    FILE *name(const char *path, const char *mode) {                                   \
        if (*mode != 'r' && fails("open", below(path), "")) return NULL;               \
        return REAL(name)(path, mode);                                                 \
    }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int file, const void *data, size_t size) {
    return fails("write", below_file(file), "") ? -1 : REAL(write)(file, data, size);
}
size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    return fails("write", below_file(fileno(file)), "") ? 0 : REAL(fwrite)(data, size, count, file);
}
size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
    return fails("write", below_file(fileno(file)), "") ? 0 : REAL(fwrite_unlocked)(data, size, count, file);
}
int fflush(FILE *file) {
    return fails("write", file ? below_file(fileno(file)) : NULL, "") ? EOF : REAL(fflush)(file);
}
int fsync(int file) { return fails("fsync", below_file(file), "") ? -1 : REAL(fsync)(file); }
int rename(const char *from, const char *to) {
    return fails("rename", below(to) ? from : NULL, to) ? -1 : REAL(rename)(from, to);
}
int mkdir(const char *path, mode_t mode) { return fails("mkdir", below(path), "") ? -1 : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return fails("unlink", below(path), "") ? -1 : REAL(unlink)(path); }
int unlinkat(int folder, const char *path, int flags) {
    return fails("unlinkat", below_file(folder), path) ? -1 : REAL(unlinkat)(folder, path, flags);
}
int rmdir(const char *path) { return fails("rmdir", below(path), "") ? -1 : REAL(rmdir)(path); }
