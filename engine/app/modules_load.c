/* SPDX-License-Identifier: MIT */
/* One shared object: tried in a child process, opened, held against the ABI. */
#include "app/modules_impl.h"

#include "base/banned.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRY_SECONDS = 10 };
enum { TRY_LOADED = 0, TRY_REFUSED = 97 }; /* exit statuses of the child */

/* As of ABI 1; later fields are optional. */
#define SIZE_MIN (offsetof(struct pln_module, commands) + sizeof(void *))

/* Whatever happens to the child, this process has learned it. */
static int try_in_child(const char *path, struct err *err)
{
    int status;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child < 0)
        return err_set_errno(err, "C module '%s': cannot fork to try it", path);
    if (child == 0) {
        static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
            signal(faults[i], SIG_DFL);
        alarm(TRY_SECONDS);
        _exit(dlopen(path, RTLD_NOW | RTLD_LOCAL) ? TRY_LOADED : TRY_REFUSED);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return err_set_errno(err, "C module '%s': cannot wait for the trial", path);
    if (WIFEXITED(status) &&
        (WEXITSTATUS(status) == TRY_LOADED || WEXITSTATUS(status) == TRY_REFUSED))
        return 0; /* what dlopen refuses, it explains better here */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return err_set(err, ERR_CONFIG,
                       "C module '%s': its start-up code did not end within %d seconds", path,
                       TRY_SECONDS);
    if (WIFSIGNALED(status))
        return err_set(err, ERR_CONFIG,
                       "C module '%s': its start-up code crashed (%s); run it in a debugger, or "
                       "take it out of settings.c_modules",
                       path, strsignal(WTERMSIG(status)));
    return err_set(err, ERR_CONFIG,
                   "C module '%s': its start-up code crashed or ended the process (exit status "
                   "%d); run it in a debugger, or take it out of settings.c_modules",
                   path, WEXITSTATUS(status));
}

/* Zero from `from` to the end? Then it uses nothing that this perilune does not have. */
static bool rest_is_zero(const struct pln_module *d, size_t from)
{
    const unsigned char *p = (const unsigned char *)d;
    for (size_t i = from; i < d->size; i++)
        if (p[i])
            return false;
    return true;
}

static bool valid_name(const char *name)
{
    if (!name || !char_is_alpha(name[0]))
        return false;
    for (; *name; name++)
        if (!char_is_alpha(*name) && !char_is_digit(*name) && *name != '_')
            return false;
    return true;
}

static int check(struct module *m, const struct pln_module *d, struct err *err)
{
    if (d->abi != PLN_ABI)
        return err_set(err, ERR_CONFIG,
                       "C module '%s': built for ABI %u, this is perilune %s with ABI %u; build it "
                       "with the perilune.h of this version",
                       m->path, (unsigned)d->abi, PERILUNE_VERSION, (unsigned)PLN_ABI);
    if (d->size < SIZE_MIN || d->size > 65536)
        return err_set(err, ERR_CONFIG,
                       "C module '%s': its descriptor says that it has %u bytes, at least %zu are "
                       "wanted; begin it with PLN_MODULE_HEAD",
                       m->path, (unsigned)d->size, SIZE_MIN);
    if (d->size > sizeof m->descriptor && !rest_is_zero(d, sizeof m->descriptor))
        return err_set(err, ERR_CONFIG,
                       "C module '%s': made for a newer perilune than %s: it registers things that "
                       "this one does not have; upgrade perilune",
                       m->path, PERILUNE_VERSION);
    if (!valid_name(d->name))
        return err_set(err, ERR_CONFIG,
                       "C module '%s': its descriptor's name is %s%s%s; letters, digits and _ are "
                       "wanted",
                       m->path, d->name ? "'" : "", d->name ? d->name : "missing",
                       d->name ? "'" : "");
    return 0;
}

int module_load(struct module *m, struct err *err)
{
    const struct pln_module *d;
    if (access(m->path, R_OK) != 0)
        return err_set_errno(err, "C module '%s' (settings.c_modules)", m->path);
    if (try_in_child(m->path, err) != 0)
        return -1;
    m->library = dlopen(m->path, RTLD_NOW | RTLD_LOCAL);
    if (!m->library)
        return err_set(err, ERR_CONFIG, "C module '%s' does not load: %s", m->path, dlerror());
    d = dlsym(m->library, "pln_module");
    if (!d)
        return err_set(err, ERR_CONFIG,
                       "C module '%s': it exports no 'pln_module'; define PLN_EXPORT const struct "
                       "pln_module pln_module",
                       m->path);
    if (check(m, d, err) != 0)
        return -1;
    memcpy(&m->descriptor, d, d->size < sizeof m->descriptor ? d->size : sizeof m->descriptor);
    return 0;
}
