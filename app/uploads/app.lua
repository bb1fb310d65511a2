-- SPDX-License-Identifier: MIT
return { label = "uploads", verbose_name = "Uploads" }
