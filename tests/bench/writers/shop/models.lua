-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local Account = models.Model("Account", {
  name = models.CharField { max_length = 20, unique = true },
  entries = models.PositiveIntegerField { default = 0 },
  total = models.IntegerField { default = 0 },
})

-- What was acknowledged must be here, once.
local Entry = models.Model("Entry", {
  account = models.ForeignKey("Account", { on_delete = models.CASCADE, related_name = "list" }),
  number = models.BigIntegerField { unique = true },
  amount = models.IntegerField(),
  note = models.CharField { max_length = 40, default = "" },
  at = models.DateTimeField { auto_now_add = true },
})

return { Account = Account, Entry = Entry }
