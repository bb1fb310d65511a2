-- SPDX-License-Identifier: MIT
-- {% load site %}
local format = require "core.format"
local template = require "perilune.template"

local register = template.Library()

--- {{ 1536|size }}: 1.5 kB
register:filter("size", format.size)

--- {% button url "Delete" %}: a form of one button.
register:inclusion_tag("button", "core/button.html", function(url, label, class)
  return { url = url, label = label, class = class or "quiet" }
end)

return register
