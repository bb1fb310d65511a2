-- SPDX-License-Identifier: MIT
local models = require "perilune.models"
local M = {}
M.Place = models.Model("Place", { name = models.CharField{ max_length = 50 }, best = models.ForeignKey("shop.Product", { null = true, on_delete = models.SET_NULL, related_name = "+" }) })
M.Stored = models.Model("Stored", { place = models.ForeignKey("Place", { on_delete = models.CASCADE }), product = models.ForeignKey("shop.Product", { on_delete = models.CASCADE }), n = models.IntegerField{ default = 0 } })
return M
