"""What is known of whoever is signed in, as a file."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from merx.contexts.privacy.ports.queries import ExportView, PrivacyQueries
from merx.contexts.privacy.usecases.exports import AskExportHandler, ReadExportFileHandler, the_person
from merx.infra.http.answers import may_answer
from merx.infra.http.auth import alive, customer
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor
from merx.kernel.paging import Page


class ExportController(Controller):
    path = "/users/me"
    tags = ("users",)

    @post(
        "/export",
        guards=[alive(customer)],
        status_code=202,
        operation_id="AskForExport",
        summary="Gather all that is known of me",
        **once(),
    )
    async def ask(
        self,
        actor: NamedDependency[Actor],
        ask_export: NamedDependency[AskExportHandler],
        privacy_queries: NamedDependency[PrivacyQueries],
    ) -> ExportView:
        """Asked again while it is being made, the answer is the same export. A mail tells when it is ready. Three a
        day; beyond that 429 with `Retry-After`."""
        return await privacy_queries.export(the_person(actor), await ask_export(actor))

    @get("/exports", guards=[customer], operation_id="ListMyExports", summary="My exports, newest first")
    async def exports(
        self,
        actor: NamedDependency[Actor],
        privacy_queries: NamedDependency[PrivacyQueries],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[ExportView]:
        return await privacy_queries.exports(the_person(actor), after, limit)

    @get("/exports/{export_id:uuid}", guards=[customer], operation_id="GetMyExport", summary="One export")
    async def export(
        self, export_id: FromPath[UUID], actor: NamedDependency[Actor], privacy_queries: NamedDependency[PrivacyQueries]
    ) -> ExportView:
        return await privacy_queries.export(the_person(actor), export_id)

    @get(
        "/exports/{export_id:uuid}/file",
        guards=[alive(customer)],
        operation_id="GetMyExportFile",
        summary="The file of an export: a ZIP with JSON and CSV",
        media_type="application/zip",
        **may_answer(409),
    )
    async def file(
        self,
        export_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        read_export_file: NamedDependency[ReadExportFileHandler],
    ) -> Response[bytes]:
        content = await read_export_file(actor, export_id)
        name = f'attachment; filename="export-{export_id}.zip"'
        return Response(content, media_type="application/zip", headers={"content-disposition": name})
