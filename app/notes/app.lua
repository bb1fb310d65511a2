-- SPDX-License-Identifier: MIT
return { label = "notes", verbose_name = "Notes" }
