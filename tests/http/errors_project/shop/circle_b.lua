-- SPDX-License-Identifier: MIT
local a = require "shop.circle_a"
return { text = a.text }
