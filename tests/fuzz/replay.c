/* SPDX-License-Identifier: MIT */
/* Stands in for libFuzzer where it is not built: feeds every file of the corpus
 * directories named on the command line to the target, once. */
#include "base/mem.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t cap = (size_t)1 << 20;
    uint8_t *bytes = mem_alloc(cap);
    size_t n = f ? fread(bytes, 1, cap, f) : 0;
    uint8_t *exact = mem_alloc(n); /* so that reading past the end is seen */
    memcpy(exact, bytes, n);
    if (f)
        fclose(f);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    free(bytes);
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        if (!d) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(d));) {
            char path[PATH_MAX];
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            replay(path);
            count++;
        }
        closedir(d);
    }
    printf("%d inputs replayed\n", count);
    return count ? 0 : 1;
}
