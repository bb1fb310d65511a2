/* SPDX-License-Identifier: MIT */
/* OpenSSL's own function, which its newer interface calls after a thousand instructions of
 * set-up; it calls it deprecated, since nobody should trust MD5 with a secret. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include "base/banned.h"

#include <openssl/md5.h>

void digest_md5(struct str data, struct digest *out)
{
    MD5_CTX c;
    MD5_Init(&c);
    MD5_Update(&c, data.p, data.n);
    MD5_Final(out->bytes, &c);
    out->n = 16;
}
