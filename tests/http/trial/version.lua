-- SPDX-License-Identifier: MIT
return "one"
