"""Django has no lifespan and, by itself, no WebSockets."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path
from hosts.hosts_model import CONFIG, reply_to, seen

from headroom.proxy.extensions import install_headroom

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="of tests", ALLOWED_HOSTS=["*"], DATA_UPLOAD_MAX_MEMORY_SIZE=None)


async def chat(request):
    reply = reply_to(request.body)

    async def pieces():
        for chunk in reply.chunks:
            yield chunk

    return StreamingHttpResponse(pieces(), content_type=reply.kind)


async def upload(request):
    return JsonResponse(seen(request.body))


urlpatterns = [path("chat", chat), path("ai/v1/chat/completions", chat), path("upload", upload)]
app = install_headroom(get_asgi_application(), CONFIG, manage="/headroom")
