-- SPDX-License-Identifier: MIT
local db = require "perilune.db"
db.execute "CREATE TABLE t (id integer PRIMARY KEY, n integer)"
db.execute "CREATE TABLE total (n integer)"
db.execute "INSERT INTO total VALUES (0)"
db.execute("CREATE TABLE o (how text)", nil, { using = "other" })
assert(db.router.db_for_read "far" == "other" and db.router.db_for_read "near" == "default")
assert(db.router.allow_migrate("default", "shop") and not db.router.allow_migrate("other", "shop"))
assert(db.router.allow_migrate("other", "blog"))
print(db.query("PRAGMA journal_mode")[1].journal_mode)
