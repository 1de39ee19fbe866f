"""Getting in: sign-in and its second factor, Microsoft Entra ID, sessions, being asked again.

The library is django-allauth; here is what the portal wants otherwise (decision 10).
"""
