-- SPDX-License-Identifier: MIT
return {
  Primary = {
    db_for_read = function(_, model)
      return model == "far" and "other" or nil
    end,
    allow_migrate = function(_, alias, app_label)
      if app_label == "shop" then
        return alias == "default"
      end
    end,
  },
}
