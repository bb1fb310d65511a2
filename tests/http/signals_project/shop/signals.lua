-- SPDX-License-Identifier: MIT
local fiber = require "perilune.fiber"
local notes = require "shop.notes"
local signals = require "perilune.signals"

signals.request_started:connect(function(sender, event)
  notes.add(("started %s %s %s"):format(sender, event.environ.REQUEST_METHOD, event.request.path))
  if event.request.headers["X-Break"] then
    error "a receiver of request_started fails"
  end
end)

signals.got_request_exception:connect(function(sender, event)
  notes.add(("exception %s %s %s"):format(sender, event.request.path, event.exception.name))
  error "a receiver of got_request_exception fails"
end)

signals.request_finished:connect(function()
  error "a receiver of request_finished fails"
end)

signals.request_finished:connect(function(sender, event)
  fiber.sleep(0.001) -- may wait
  notes.add(("finished %s %s"):format(sender, event.signal == signals.request_finished))
end)
