-- SPDX-License-Identifier: MIT
-- The tables of the benchmark database (seed.sql).
local models = require "perilune.models"

local M = {}

M.World = models.Model("World", {
  id = models.IntegerField { primary_key = true },
  randomnumber = models.IntegerField(),
  Meta = { db_table = "world" },
})

M.Fortune = models.Model("Fortune", {
  id = models.IntegerField { primary_key = true },
  message = models.TextField(),
  Meta = { db_table = "fortune" },
})

--- Five columns: what a row of an ordinary table looks like (orm.lua).
M.Person = models.Model("Person", {
  name = models.TextField(),
  email = models.TextField(),
  age = models.IntegerField(),
  score = models.FloatField(),
  Meta = { db_table = "person" },
})

--- The same, for inserts.
M.Pupil = models.Model("Pupil", {
  name = models.TextField(),
  email = models.TextField(),
  age = models.IntegerField(),
  score = models.FloatField(),
  Meta = { db_table = "pupil" },
})

return M
