/* SPDX-License-Identifier: MIT */
#include "cache/segment.h"

#include "base/buf.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file begins with this; the content begins a page later. */
struct head {
    char magic[8]; /* MAGIC once it is filled */
    uint64_t layout, size;
};

static const char MAGIC[8] = "perilcac";
enum { HEAD_SIZE = 4096, TRIES = 50 };

static int map(struct segment *s, struct err *err)
{
    char *p = mmap(NULL, HEAD_SIZE + s->size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | (s->fd < 0 ? MAP_ANONYMOUS : 0), s->fd, 0);
    if (p == MAP_FAILED)
        return err_set_errno(err, "cannot map %zu bytes of shared memory", s->size);
    s->memory = p + HEAD_SIZE;
    return 0;
}

static struct head *head_of(const struct segment *s)
{
    return (struct head *)(void *)((char *)s->memory - HEAD_SIZE);
}

/* Is the file still the one with that name? Whoever held it may have removed it. */
static bool is_current(const struct segment *s)
{
    struct stat by_fd, by_name;
    return fstat(s->fd, &by_fd) == 0 && stat(s->path, &by_name) == 0 &&
           by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev;
}

/* With the lock held alone, and the file empty: nobody else has it open. */
static int fill(struct segment *s, uint64_t layout,
                int (*init)(void *data, void *memory, struct err *err), void *data, struct err *err)
{
    if (ftruncate(s->fd, (off_t)(HEAD_SIZE + s->size)) != 0)
        return err_set_errno(err, "cannot make '%s' %zu bytes large", s->path, s->size);
    if ((errno = posix_fallocate(s->fd, 0, HEAD_SIZE)) != 0)
        return err_set_errno(err, "there is no room for '%s'", s->path);
    if (map(s, err) != 0)
        return -1;
    if (init(data, s->memory, err) != 0)
        return -1;
    *head_of(s) = (struct head){.layout = layout, .size = s->size};
    memcpy(head_of(s)->magic, MAGIC, sizeof MAGIC);
    return 0;
}

/* With the lock held together with others: 1 when the content is what we want, 0 when
 * it is something else. */
static int join(struct segment *s, uint64_t layout, struct err *err)
{
    struct head head;
    ssize_t n = pread(s->fd, &head, sizeof head, 0);
    if (n != (ssize_t)sizeof head || memcmp(head.magic, MAGIC, sizeof MAGIC) != 0 ||
        head.layout != layout || head.size != s->size)
        return 0;
    return map(s, err) == 0 ? 1 : -1;
}

static int nobody_has(const struct segment *s, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "no process has '%s' open", s->path);
}

static int open_file(struct segment *s, int64_t owner, bool make, bool *fresh, struct err *err)
{
    uid_t user = owner < 0 ? geteuid() : (uid_t)owner;
    struct stat st;
    s->fd = open(s->path, O_RDWR | (make ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->fd < 0 && errno == ENOENT && !make)
        return nobody_has(s, err);
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return err_set_errno(err, "cannot open '%s'", s->path);
    *fresh = st.st_size == 0;
    if (*fresh && st.st_uid != user && fchown(s->fd, user, (gid_t)-1) == 0)
        st.st_uid = user;
    if (!S_ISREG(st.st_mode) || st.st_uid != user)
        return err_set(err, ERR_DENIED, "'%s' belongs to somebody else", s->path);
    return 0;
}

/* 1: open; 0: the file was removed or replaced meanwhile, try again.
 *
 * A file with content is never written anew, even when we seem to be alone with it: going
 * over from one lock to the other lets others in between, and its maker may be on the way
 * from alone to shared. It loses its name, which its maker notices. */
static int attempt(struct segment *s, uint64_t layout, int64_t owner,
                   int (*init)(void *data, void *memory, struct err *err), void *data,
                   struct err *err)
{
    bool fresh;
    int status;
    if (open_file(s, owner, init != NULL, &fresh, err) != 0)
        return -1;
    if (flock(s->fd, LOCK_EX | LOCK_NB) == 0) {
        if (!init)
            return nobody_has(s, err);
        if (!is_current(s))
            return 0;
        if (!fresh) {
            unlink(s->path);
            return 0;
        }
        if (fill(s, layout, init, data, err) != 0) {
            unlink(s->path);
            return -1;
        }
        if (flock(s->fd, LOCK_SH) != 0)
            return err_set_errno(err, "cannot lock '%s'", s->path);
        s->made = true;
        return is_current(s);
    }
    if (flock(s->fd, LOCK_SH | LOCK_NB) != 0) { /* somebody is filling it */
        usleep(2000);
        return 0;
    }
    if (!is_current(s))
        return 0;
    status = join(s, layout, err);
    if (status == 0 && !init)
        return err_set(err, ERR_CONFIG, "'%s' was made with other settings than there are now",
                       s->path);
    if (status == 0) /* another version's or size's: its users keep it, without its name */
        unlink(s->path);
    return status;
}

static void forget(struct segment *s)
{
    if (s->memory)
        munmap((char *)s->memory - HEAD_SIZE, HEAD_SIZE + s->size);
    if (s->fd >= 0)
        close(s->fd);
    s->memory = NULL;
    s->fd = -1;
    s->made = false;
}

int segment_open(struct segment *s, const char *folder, const char *name, size_t size,
                 uint64_t layout, int64_t owner,
                 int (*init)(void *data, void *memory, struct err *err), void *data,
                 struct err *err)
{
    struct buf path = BUF_INIT;
    *s = (struct segment){.size = size, .fd = -1};
    if (!name)
        return map(s, err) == 0 ? init(data, s->memory, err) : -1;
    buf_addf(&path, "%s/%s", folder, name);
    s->path = buf_detach(&path, NULL);
    for (int i = 0; i < TRIES; i++) {
        int status = attempt(s, layout, owner, init, data, err);
        if (status > 0)
            return 0;
        forget(s);
        if (status < 0)
            break;
        if (i == TRIES - 1)
            err_set(err, ERR_IO, "'%s' is being made by another process that does not finish",
                    s->path);
    }
    segment_close(s);
    return -1;
}

void segment_close(struct segment *s)
{
    /* Alone with it: nobody will need it. */
    if (s->fd >= 0 && flock(s->fd, LOCK_EX | LOCK_NB) == 0 && is_current(s))
        unlink(s->path);
    forget(s);
    free(s->path);
    s->path = NULL;
}

/* Whoever opens it meanwhile finds it locked and then without its name, and tries again. An
 * empty one is about to be filled. */
static void remove_dead(int folder, const char *name)
{
    struct stat by_fd, by_name;
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &by_fd) == 0 && S_ISREG(by_fd.st_mode) &&
        by_fd.st_size > 0 && fstatat(folder, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
        by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev)
        unlinkat(folder, name, 0);
    close(fd);
}

void segment_sweep(const char *folder, const char *prefix)
{
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
            remove_dead(dirfd(d), e->d_name);
    closedir(d);
}

bool segment_reserve(const struct segment *s, size_t offset, size_t n)
{
    if (s->fd < 0)
        return true;
    errno = posix_fallocate(s->fd, (off_t)(offset + HEAD_SIZE), (off_t)n);
    return errno == 0;
}
