-- SPDX-License-Identifier: MIT
return { label = "core", verbose_name = "The site itself" }
