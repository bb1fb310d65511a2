-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local Author = models.Model("Author", { name = models.CharField { max_length = 20, unique = true } })
local Tag = models.Model("Tag", { name = models.CharField { max_length = 20 } })
local Book = models.Model("Book", {
  title = models.CharField { max_length = 20 },
  author = models.ForeignKey("Author", { on_delete = models.CASCADE, related_name = "books", null = true }),
  tags = models.ManyToManyField("Tag", { related_name = "books" }),
})
local Cover = models.Model("Cover", { book = models.OneToOneField("Book", { on_delete = models.CASCADE, related_name = "cover" }) })
local Log = models.Model("Log", { text = models.CharField { max_length = 40 } })

local Event = models.Model("Event", {
  at = models.DateTimeField { null = true, blank = true },
  made = models.DateTimeField { auto_now_add = true },
  day = models.DateField { null = true, blank = true },
  clock = models.TimeField { null = true, blank = true },
})

return { Event = Event, Author = Author, Tag = Tag, Book = Book, Cover = Cover, Log = Log }
