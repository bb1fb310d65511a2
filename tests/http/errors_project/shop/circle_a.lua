-- SPDX-License-Identifier: MIT
local b = require "shop.circle_b"
return { text = b.text }
