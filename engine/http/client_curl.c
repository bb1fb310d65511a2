/* SPDX-License-Identifier: MIT */
#include "http/client_impl.h"

#include <dlfcn.h>

int curl_functions_load(struct curl_functions *f, struct err *err)
{
    static const char library[] = "libcurl.so.4";
    const struct {
        const char *name;
        void *place;
    } table[] = {
        {"curl_global_init", &f->global_init},
        {"curl_global_cleanup", &f->global_cleanup},
        {"curl_easy_init", &f->easy_init},
        {"curl_easy_cleanup", &f->easy_cleanup},
        {"curl_easy_setopt", &f->easy_setopt},
        {"curl_easy_getinfo", &f->easy_getinfo},
        {"curl_easy_strerror", &f->easy_strerror},
        {"curl_multi_init", &f->multi_init},
        {"curl_multi_cleanup", &f->multi_cleanup},
        {"curl_multi_setopt", &f->multi_setopt},
        {"curl_multi_add_handle", &f->multi_add_handle},
        {"curl_multi_remove_handle", &f->multi_remove_handle},
        {"curl_multi_socket_action", &f->multi_socket_action},
        {"curl_multi_info_read", &f->multi_info_read},
        {"curl_multi_assign", &f->multi_assign},
        {"curl_multi_strerror", &f->multi_strerror},
        {"curl_slist_append", &f->slist_append},
        {"curl_slist_free_all", &f->slist_free_all},
        {"curl_url", &f->url},
        {"curl_url_cleanup", &f->url_cleanup},
        {"curl_url_get", &f->url_get},
        {"curl_url_set", &f->url_set},
        {"curl_url_strerror", &f->url_strerror},
        {"curl_free", &f->free},
    };
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return err_set(err, ERR_IO, "outgoing requests need libcurl: %s", dlerror());
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        void *symbol = dlsym(handle, table[i].name);
        if (!symbol)
            return err_set(err, ERR_IO, "'%s' has no function '%s'", library, table[i].name);
        memcpy(table[i].place, &symbol, sizeof symbol); /* POSIX: the two have one size */
    }
    return 0;
}
