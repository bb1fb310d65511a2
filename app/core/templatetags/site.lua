-- SPDX-License-Identifier: MIT
-- {% load site %}
local format = require "core.format"
local template = require "perilune.template"
local time = require "perilune.time"

local register = template.Library()

--- {{ 1536|size }}: 1.5 kB
register:filter("size", format.size)

--- {{ note.created|moment|date:"j M Y" }}: a datetime of its text.
register:filter("moment", time.parse, { stringfilter = true })

--- {% button url "Delete" %}: a form of one button.
register:inclusion_tag("button", "core/button.html", function(url, label, class)
  return { url = url, label = label, class = class or "quiet" }
end)

return register
