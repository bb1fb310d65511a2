-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local Upload = models.Model("Upload", {
  name = models.CharField { max_length = 255 }, -- what the visitor called it
  stored = models.CharField { max_length = 120, unique = true }, -- what it is called on the disk
  size = models.BigIntegerField(),
  sha256 = models.CharField { max_length = 64 },
  created = models.DateTimeField { auto_now_add = true },
  Meta = { ordering = { "-id" } },
})

function Upload.__tostring(self)
  return self.name
end

return { Upload = Upload }
