-- SPDX-License-Identifier: MIT
-- The files of a new project.
local M = {}

M.files = {
  { path = "settings.lua", text = [[
-- The settings of @NAME@. `perilune diffsettings --all` lists everything that can be set.
local env = require "perilune.env" -- the environment, and the file .env beside this one

return {
  debug = env.bool("DEBUG", false),
  secret_key = env("SECRET_KEY"),
  allowed_hosts = env.list("ALLOWED_HOSTS", { "localhost", "127.0.0.1" }),

  installed_apps = { "home" },

  middleware = {
    "perilune.middleware.security",
    "perilune.middleware.common",
    "perilune.middleware.clickjacking",
  },

  databases = { default = { engine = "sqlite", name = "db.sqlite3" } },
  templates = { dirs = { "templates" } }, -- beside the templates/ of the apps

  root_urlconf = "urls",
  time_zone = "UTC",
}
]] },
  { path = "urls.lua", text = [[
local urls = require "perilune.urls"

-- The first route that fits answers. `perilune routes` lists them all.
return {
  urls.path("", urls.include "home.urls"),
}
]] },
  { path = "home/urls.lua", text = [[
local urls = require "perilune.urls"
local views = require "home.views"

return {
  app_name = "home",
  urls.path("", views.index, { name = "index" }),
  urls.path("hello/<name>/", views.hello, { name = "hello" }),
}
]] },
  { path = "home/views.lua", text = [[
local http = require "perilune.http"

local M = {}

local function show(request, title)
  return http.render(request, "home/page.html", { title = title })
end

function M.index(request)
  return show(request, "It works: @NAME@")
end

-- /hello/moon/
function M.hello(request, params)
  return show(request, "Hello, " .. params.name .. "!")
end

return M
]] },
  { path = "templates/base.html", text = [[
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{% block title %}@NAME@{% endblock %}</title>
  <style>
    :root { color-scheme: light dark }
    body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1.2rem }
    h1 { line-height: 1.2 }
  </style>
</head>
<body>
  {% block content %}{% endblock %}
</body>
</html>
]] },
  { path = "home/templates/home/page.html", text = [[
{% extends "base.html" %}
{% block content %}
  <h1>{{ title }}</h1>
  <p>This page comes from <code>home/views.lua</code> and <code>home/templates/home/page.html</code>: change them and reload.</p>
  <p><a href="{% url "home:hello" name="moon" %}">Say hello</a></p>
{% endblock %}
]] },
  { path = "home/commands/greet.lua", text = [[
-- perilune greet NAME [--times N] [--loud]
return {
  help = "greet somebody",
  arguments = {
    { "name", help = "who" },
    { "--times", type = "int", default = 1, help = "how often" },
    { "--loud", flag = true, help = "in capitals" },
  },
  handle = function(options, command)
    local text = ("Hello, %s!"):format(options.name)
    for _ = 1, options.times do
      command:write(command.style.success(options.loud and text:upper() or text))
    end
  end,
}
]] },
  { path = "tests/test_home.lua", text = [[
local test = require "perilune.test"
local urls = require "perilune.urls"

-- perilune test
describe("home", function()
  it("shows that it works", function()
    local response = test.client:get "/"
    assert.contains(response, "It works: @NAME@")
    assert.template_used(response, "home/page.html")
  end)

  it("says hello", function()
    assert.equal("/hello/moon/", urls.reverse("home:hello", { name = "moon" }))
    assert.contains(test.client:get "/hello/moon/", "Hello, moon!")
  end)

  it("greets on the command line", function()
    assert.equal("Hello, Ada!\n", test.call_command("greet", "Ada"))
  end)
end)
]] },
  { path = "README.md", text = [[
# @NAME@

    perilune runserver            http://127.0.0.1:8000, reloads when a file changes
    perilune help                 all commands
    perilune startapp shop        a new app
    perilune makemigrations       write down what has changed in the models
    perilune migrate              and do it to the database
    perilune shell                try things out
    perilune test                 run the tests
    perilune check --deploy       before it goes public
    perilune serve                production

`settings.lua` reads the environment and `.env`, which holds the secret key: it stays on
this machine. On a server set `SECRET_KEY` and `ALLOWED_HOSTS`, and leave `DEBUG` out.
]] },
  { path = ".gitignore", text = [[
.env
*.sqlite3
*.sqlite3-*
/media/
/staticfiles/
]] },
}

--- .env, with the secret key.
function M.env_file(secret_key)
  return {
    path = ".env",
    mode = 384, -- 0600: nobody else
    text = "# What differs from machine to machine, and what is secret. Not for version control.\n"
      .. "SECRET_KEY='" .. secret_key .. "'\n"
      .. "DEBUG=true\n",
  }
end

return M
