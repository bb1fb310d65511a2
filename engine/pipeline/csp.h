/* SPDX-License-Identifier: MIT */
/* Content-Security-Policy: policies compiled once, printed per response, and the nonce
 * of a request.
 *
 * Directives come in the order of their names.  A value CSP_NONCE stands for
 * 'nonce-…' of the request; when nobody asked for the nonce, it is left out. */
#ifndef PIPELINE_CSP_H
#define PIPELINE_CSP_H

#include "base/err.h"
#include "http/request.h"
#include "http/response.h"
#include "settings/settings.h"

/* As Django writes it, so that settings can be carried over. */
#define CSP_NONCE "<CSP_NONCE_SENTINEL>"

struct csp_policy;

/* ERR_CONFIG naming directive and value when one cannot stand in a policy. An empty map
 * makes a policy that sends nothing. */
struct csp_policy *csp_policy_new(struct strs_map directives, struct err *err);
void csp_policy_free(struct csp_policy *p); /* NULL is allowed */

/* The header value, in the arena or the policy; n 0 when there is nothing to send. `nonce` n 0:
 * none. */
struct str csp_policy_text(const struct csp_policy *p, struct str nonce, struct arena *a);

/* The nonce of the request: 128 random bits as base64url, made at the first call. */
struct str csp_nonce(struct request *r);

#endif
