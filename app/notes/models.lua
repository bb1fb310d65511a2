-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local Note = models.Model("Note", {
  title = models.CharField { max_length = 100 },
  body = models.TextField { blank = true, max_length = 2000 },
  created = models.DateTimeField { auto_now_add = true },
  Meta = { ordering = { "-id" } },
})

function Note.__tostring(self)
  return self.title
end

return { Note = Note }
