/* SPDX-License-Identifier: MIT */
/* Tells the address sanitizer about memory and stacks that we manage ourselves. */
#ifndef BASE_SANITIZER_H
#define BASE_SANITIZER_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZER_ADDRESS 1
#endif
#if __has_feature(thread_sanitizer)
#define SANITIZER_THREAD 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZER_ADDRESS 1
#endif
#ifdef __SANITIZE_THREAD__
#define SANITIZER_THREAD 1
#endif

#ifdef SANITIZER_ADDRESS
#include <sanitizer/asan_interface.h>
#define SANITIZER_POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SANITIZER_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define SANITIZER_POISON(p, n) ((void)0)
#define SANITIZER_UNPOISON(p, n) ((void)0)
#endif

#endif
