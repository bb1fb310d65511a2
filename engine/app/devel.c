/* SPDX-License-Identifier: MIT */
#include "app/devel.h"

#include "base/banned.h"
#include "base/hash.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 24 };

static bool is_source(const char *name)
{
    static const char *const ends[] = {".lua", ".html", ".txt", ".xml", ".so", ".po", ".json"};
    struct str s = str_from(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(s, str_from(ends[i])))
            return true;
    return strcmp(name, ".env") == 0;
}

static bool skip_folder(const char *name)
{
    static const char *const skipped[] = {"node_modules", "media", "staticfiles", "build"};
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (strcmp(name, skipped[i]) == 0)
            return true;
    return name[0] == '.';
}

/* The order in which a folder lists its files may differ: the sum does not see it. */
static uint64_t folder(int fd, int depth)
{
    DIR *d = fdopendir(fd);
    uint64_t sum = 0;
    if (!d) {
        close(fd);
        return 0;
    }
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (fstatat(fd, e->d_name, &st, 0) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            int sub;
            if (skip_folder(e->d_name) || depth >= MAX_DEPTH)
                continue;
            sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (sub >= 0)
                sum += folder(sub, depth + 1) * 31 + hash_str(str_from(e->d_name));
        } else if (is_source(e->d_name)) {
            struct {
                uint64_t name;
                int64_t sec, nsec, size;
            } id = {hash_str(str_from(e->d_name)), st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                    st.st_size};
            sum += hash_str(str_make((const char *)&id, sizeof id));
        }
    }
    closedir(d);
    return sum;
}

uint64_t devel_snapshot(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? 0 : folder(fd, 0);
}
