-- SPDX-License-Identifier: MIT
return { secret_key = "x", debug = false, installed_apps = { "shop", "stock" }, databases = { default = { engine = "sqlite", name = "db.sqlite3" } }, root_urlconf = "urls", allowed_hosts = {"*"}, default_auto_field = "BigAutoField" }
