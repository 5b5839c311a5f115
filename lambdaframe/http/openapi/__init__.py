"""The OpenAPI 3.1 document of an application, made from the same ``Dependant`` trees that bind its requests.

``document`` makes it, ``serving`` answers with it. Everything but ``info`` and ``serving`` loads pydantic: import it
where a document is made.
"""
