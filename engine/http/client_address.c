/* SPDX-License-Identifier: MIT */
#include "http/client_address.h"

#include "base/mem.h"
#include "value/ip.h"

#include <netinet/in.h>

struct network {
    unsigned char address[16];
    unsigned bits;
};

/* IANA's registry of special addresses, without those that are globally reachable. */
static const struct network special_v4[] = {
    {{0}, 8},            /* this network */
    {{10}, 8},           /* private */
    {{100, 64}, 10},     /* carrier NAT */
    {{127}, 8},          /* loopback */
    {{169, 254}, 16},    /* link-local, metadata of clouds */
    {{172, 16}, 12},     /* private */
    {{192, 0, 0}, 24},   /* protocol assignments */
    {{192, 0, 2}, 24},   /* documentation */
    {{192, 88, 99}, 24}, /* relays to IPv6 */
    {{192, 168}, 16},    /* private */
    {{198, 18}, 15},     /* benchmarking */
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4}, /* multicast */
    {{240}, 4}, /* reserved, broadcast */
};

/* Within 2000::/3, the only global block: loopback, IPv4 as IPv6 (::ffff:0:0/96,
 * 64:ff9b::/96), local, link-local and multicast addresses lie outside. */
static const struct network global_v6 = {{0x20}, 3};
static const struct network special_v6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* IPv4 as IPv6 */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool in_network(const unsigned char *a, const struct network *n)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(a, n->address, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ n->address[whole]) >> (8 - rest) == 0;
}

static bool in_any(const unsigned char *a, const struct network *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in_network(a, &list[i]))
            return true;
    return false;
}

static bool v4_is_public(const unsigned char a[4])
{
    return !in_any(a, special_v4, sizeof special_v4 / sizeof *special_v4);
}

static bool v6_is_public(const unsigned char a[16])
{
    return in_network(a, &global_v6) &&
           !in_any(a, special_v6, sizeof special_v6 / sizeof *special_v6);
}

bool address_is_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return v4_is_public((const unsigned char *)&((const struct sockaddr_in *)a)->sin_addr);
    if (a->sa_family == AF_INET6)
        return v6_is_public(((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr);
    return false;
}

bool address_text_is_public(struct str text)
{
    unsigned char a[16];
    if (ip_parse_v4(text, a))
        return v4_is_public(a);
    return ip_parse_v6(text, a) && v6_is_public(a);
}
