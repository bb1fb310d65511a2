# SPDX-License-Identifier: MIT
import os
SECRET_KEY="x"; INSTALLED_APPS=["shop","stock"]; DATABASES={"default":{"ENGINE":"django.db.backends.sqlite3","NAME":os.environ["DATABASE"]}}; DEFAULT_AUTO_FIELD="django.db.models.BigAutoField"; USE_TZ=True
