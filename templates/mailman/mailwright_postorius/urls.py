"""Postorius below its path. What would make accounts, passwords or addresses leads to the lists instead."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path
from django.views.generic.base import RedirectView

_lists = RedirectView.as_view(pattern_name="list_index")
_NOT_HERE = ("login", "logout", "signup", "email", "change_password", "set_password", "reset_password", "inactive")

_BASE = settings.SESSION_COOKIE_PATH.lstrip("/")

urlpatterns = [
    *(path(f"{_BASE}accounts/{name}/", _lists, name=f"account_{name}") for name in _NOT_HERE),
    path(f"{_BASE}accounts/profile/", _lists, name="mm_user_profile"),
    path(f"{_BASE}accounts/delete/", _lists, name="mm_user_account_delete"),
    path(_BASE, include("postorius.urls")),
]
