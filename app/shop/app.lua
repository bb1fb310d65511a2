-- SPDX-License-Identifier: MIT
return { label = "shop", verbose_name = "The shop" }
