-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local M = {}

local PersonManager = models.Manager:extend {
  get_by_natural_key = function(self, name)
    return self:get { name = name }
  end,
}

M.Person = models.Model("Person", {
  name = models.CharField { max_length = 50, unique = true },
  objects = PersonManager(),
  Meta = { ordering = { "name" } },
})
function M.Person:natural_key()
  return self.name
end

M.Book = models.Model("Book", {
  title = models.CharField { max_length = 50 },
  published = models.DateField { null = true, blank = true },
  editor = models.ForeignKey("Person", { null = true, blank = true, on_delete = models.SET_NULL, related_name = "edited" }),
  authors = models.ManyToManyField("Person", { blank = true, related_name = "books" }),
  Meta = { ordering = { "title" } },
})

M.Profile = models.Model("Profile", {
  person = models.OneToOneField("Person", { on_delete = models.CASCADE }),
  text = models.CharField { max_length = 50, default = "" },
})

return M
