/* SPDX-License-Identifier: MIT */
#include "http/printable.h"

#include <stddef.h>

struct interval {
    uint32_t first, last;
};

/* Unicode categories Cc, Cf, Cs, Co and the noncharacters. */
static const struct interval controls[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},    {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},    {0x0890, 0x0891},
    {0x08e2, 0x08e2},   {0x180e, 0x180e},   {0x200b, 0x200f},    {0x202a, 0x202e},
    {0x2060, 0x206f},   {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},    {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},  {0x110cd, 0x110cd},
    {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},  {0x1fffe, 0x1ffff},
    {0x2fffe, 0x2ffff}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

/* Zs without the space, Zl and Zp. */
static const struct interval separators[] = {
    {0x00a0, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

static bool contains(const struct interval *list, size_t n, uint32_t cp)
{
    for (size_t i = 0; i < n && list[i].first <= cp; i++)
        if (cp <= list[i].last)
            return true;
    return false;
}

bool codepoint_is_control(uint32_t cp)
{
    if (cp >= 0x20 && cp < 0x7f)
        return false;
    return contains(controls, sizeof controls / sizeof *controls, cp);
}

bool codepoint_is_printable(uint32_t cp)
{
    if (cp >= 0x20 && cp < 0x7f)
        return true;
    return !codepoint_is_control(cp) &&
           !contains(separators, sizeof separators / sizeof *separators, cp);
}
