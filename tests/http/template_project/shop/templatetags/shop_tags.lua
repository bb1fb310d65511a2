-- SPDX-License-Identifier: MIT
local template = require "perilune.template"
local register = template.Library()
register:filter("stars", function(value, n)
  return value .. ("*"):rep(n or 1)
end)
register:simple_tag("multiply", function(a, b)
  return a * b
end)
register:inclusion_tag("badge", "shop/badge.html", function(text)
  return { text = text }
end)
return register
