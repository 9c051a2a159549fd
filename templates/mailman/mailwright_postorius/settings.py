"""Django's settings: what they are for every site, and what stands in web.json for this one (LIST-2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# LIST-2: of the description; and this host's own, which no build knows.
_SITE: dict[str, Any] = json.loads(Path("/etc/mailman3/web.json").read_text(encoding="utf-8"))
_STATE = Path("/var/lib/mailwright-lists-web")

# WEB-1: sessions are signed with the host's own key, for the one name; a fault shows nothing of what is inside.
SECRET_KEY = (_STATE / "key").read_text(encoding="ascii").strip()
DEBUG = False
_PATH = _SITE["path"]
ALLOWED_HOSTS = [_SITE["host"], "localhost"]
CSRF_TRUSTED_ORIGINS = [f"https://{_SITE['host']}"]
SITE_ID = 1

# LIST-2: Postorius and what it needs; no sign-in by other sites' accounts.
INSTALLED_APPS = [
    "postorius",
    "django_mailman3",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_gravatar",
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mailwright_postorius.people.SignedIn",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "postorius.middleware.PostoriusMiddleware",
]
ROOT_URLCONF = "mailwright_postorius.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.i18n",
                "django.template.context_processors.static",
                "django.template.context_processors.csrf",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django_mailman3.context_processors.common",
                "postorius.context_processors.postorius",
            ]
        },
    }
]
# LIST-2: sessions and whose address is whose. Lists and members are Mailman's.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_STATE / "web.db")}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# LIST-2: whoever comes here has signed in at the web server with login and password; there is no other way in.
AUTHENTICATION_BACKENDS = ["mailwright_postorius.people.Logins"]
LOGIN_URL = "list_index"
LOGOUT_URL = "list_index"
LOGIN_REDIRECT_URL = "list_index"
ACCOUNT_EMAIL_VERIFICATION = "none"
# ROLE-1: the address of a role is everybody's who holds it. It decides how the first migration makes the tables.
ACCOUNT_UNIQUE_EMAIL = False

# LIST-2: Mailman is asked on loopback, with a password that no other user can read.
MAILMAN_REST_API_URL = "http://127.0.0.1:8001"
MAILMAN_REST_API_USER = "restadmin"
MAILMAN_REST_API_PASS = Path("/etc/mailman3/rest-web.password").read_text(encoding="ascii").strip()
POSTORIUS_TEMPLATE_BASE_URL = f"https://{_SITE['host']}"
FILTER_VHOST = False

# LIST-3: these pages send nothing themselves; what lists say, Mailman sends.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = _SITE["postmaster"]
SERVER_EMAIL = _SITE["postmaster"]

# LIST-2: what owners read; pictures of people are fetched from nobody (PRIV-1: the page's policy forbids it).
LANGUAGE_CODE = "en-gb"
TIME_ZONE = _SITE["timezone"]
USE_TZ = True
USE_I18N = True
STATIC_URL = f"{_PATH}static/"
STATIC_ROOT = str(_STATE / "static")
GRAVATAR_DEFAULT_SECURE = True

# WEB-1: over TLS alone, for these pages alone, for an hour, and for no form on somebody else's page.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_PATH = _PATH
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 3600
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_PATH = _PATH
CSRF_COOKIE_SAMESITE = "Strict"
X_FRAME_OPTIONS = "DENY"

# AUDIT-3: faults stand in the journal.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"journal": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["journal"], "level": "ERROR"},
}
