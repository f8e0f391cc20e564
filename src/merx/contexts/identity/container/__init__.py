"""Wiring of identity."""

from collections.abc import Callable
from operator import or_

from dependency_injector import containers, providers

from merx.contexts.identity.adapters import subscribers
from merx.contexts.identity.adapters.container import SecondFactorsContainer
from merx.contexts.identity.adapters.derived_keys import digest_key, rotation_key, throttle_key
from merx.contexts.identity.adapters.http import AuthController
from merx.contexts.identity.adapters.http_api_keys import ApiKeyController
from merx.contexts.identity.adapters.http_codes import CodesController
from merx.contexts.identity.adapters.http_credentials import CredentialsController
from merx.contexts.identity.adapters.http_csrf import CsrfController
from merx.contexts.identity.adapters.http_identities import IdentitiesController
from merx.contexts.identity.adapters.http_impersonation import ImpersonationController
from merx.contexts.identity.adapters.http_invitations import InvitationsController
from merx.contexts.identity.adapters.http_keys import JwksController
from merx.contexts.identity.adapters.http_oidc import OidcController
from merx.contexts.identity.adapters.http_passkeys import PasskeyController
from merx.contexts.identity.adapters.http_roles import PermissionsController, RolesController
from merx.contexts.identity.adapters.http_second_factors import SecondFactorController
from merx.contexts.identity.adapters.http_sessions import SessionsController
from merx.contexts.identity.adapters.http_staff import StaffController
from merx.contexts.identity.adapters.key_door import ApiKeyDoor
from merx.contexts.identity.adapters.memory import MemoryIdentityQueries, MemoryIdentityUow
from merx.contexts.identity.adapters.memory_api_keys import MemoryApiKeyQueries
from merx.contexts.identity.adapters.memory_invitations import MemoryInvitationQueries
from merx.contexts.identity.adapters.memory_roles import MemoryRoleQueries, MemoryStaffQueries
from merx.contexts.identity.adapters.oidc.providers import OidcProviders
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.adapters.personal_data import ROWS, TABLES, TRACES, memory_traces
from merx.contexts.identity.adapters.postgres import PostgresIdentityQueries, PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeyQueries
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitationQueries
from merx.contexts.identity.adapters.postgres_roles import PostgresRoleQueries, PostgresStaffQueries
from merx.contexts.identity.adapters.session_door import SessionDoor
from merx.contexts.identity.adapters.shared_throttle import RedisThrottle, SharedThrottle
from merx.contexts.identity.adapters.staff_door import StaffDoor
from merx.contexts.identity.adapters.throttle import LocalThrottle
from merx.contexts.identity.container.housekeeping import HousekeepingContainer
from merx.contexts.identity.container.through_providers import ThroughProvidersContainer
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.refusals import RefusalBudget
from merx.contexts.identity.events import CodeAsked, EmailChangeAsked
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitationHandler
from merx.contexts.identity.usecases.api_keys import ApiKeysHandler
from merx.contexts.identity.usecases.ask_for_code import AskForCodeHandler
from merx.contexts.identity.usecases.change_email import ChangeEmailHandler, ConfirmEmailHandler, OfferEmailHandler
from merx.contexts.identity.usecases.change_password import ChangePasswordHandler
from merx.contexts.identity.usecases.close_account import CloseAccountHandler
from merx.contexts.identity.usecases.end_sessions import EndAllSessionsHandler, EndSessionHandler
from merx.contexts.identity.usecases.ensure_account import EnsureAccountHandler
from merx.contexts.identity.usecases.facade import IdentityFacade
from merx.contexts.identity.usecases.impersonate import ImpersonateHandler, InPlaceNotes
from merx.contexts.identity.usecases.invitations import InvitationsHandler
from merx.contexts.identity.usecases.issue_code import IssueCodeHandler
from merx.contexts.identity.usecases.issue_staff_token import IssueStaffTokenHandler
from merx.contexts.identity.usecases.list_sessions import ListSessionsHandler
from merx.contexts.identity.usecases.login import LoginHandler
from merx.contexts.identity.usecases.logout import LogoutHandler
from merx.contexts.identity.usecases.note_refusal import EmailDigests, RefusalNotes
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.prove_session import ProveSessionHandler
from merx.contexts.identity.usecases.redeem import Redeemer
from merx.contexts.identity.usecases.refresh import RefreshHandler
from merx.contexts.identity.usecases.register import RegisterHandler
from merx.contexts.identity.usecases.reset_password import ResetPasswordHandler
from merx.contexts.identity.usecases.roles import RolesHandler
from merx.contexts.identity.usecases.staff import CHANGE, StaffHandler
from merx.contexts.identity.usecases.verify_email import VerifyEmailHandler
from merx.contexts.identity.usecases.ways_in import WaysIn
from merx.contexts.users.events import ProfileChanged
from merx.infra.one_time_codes import OneTimeCodes
from merx.infra.outbox.events import Subscriber
from merx.infra.personal_data import MemoryPersonalData, PostgresPersonalData
from merx.kernel.ports import UnitOfWork


def heard_by(
    uow: Callable[[], UnitOfWork], issue_code: IssueCodeHandler, offer_email: OfferEmailHandler
) -> list[Subscriber]:
    return [
        Subscriber("identity.on_profile_changed", ProfileChanged, subscribers.on_profile_changed, uow),
        Subscriber("identity.on_code_asked", CodeAsked, issue_code, uow),
        Subscriber("identity.on_email_change_asked", EmailChangeAsked, offer_email, uow),
    ]


class IdentityContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()

    uow = providers.Selector(
        infra.storage,
        postgres=providers.Factory(PostgresIdentityUow, infra.database, infra.outbox),
        memory=providers.Factory(MemoryIdentityUow, infra.store, infra.outbox),
    )
    queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresIdentityQueries, infra.reader),
        memory=providers.Singleton(MemoryIdentityQueries, infra.store),
    )
    api_key_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresApiKeyQueries, infra.reader),
        memory=providers.Singleton(MemoryApiKeyQueries, infra.store),
    )
    email_digests = providers.Singleton(EmailDigests, providers.Singleton(digest_key, infra.guest_tokens))
    refusals = providers.Singleton(
        RefusalNotes, uow.provider, email_digests, providers.Singleton(RefusalBudget), infra.clock
    )
    # With a budget of its own: who is signed in must not use up the places of refused sign-ins.
    refused_requests = providers.Singleton(
        RefusalNotes, uow.provider, email_digests, providers.Singleton(RefusalBudget), infra.clock
    )
    api_key_door = providers.Singleton(ApiKeyDoor, api_key_queries, uow.provider, refusals, infra.clock)
    look_after_api_keys = providers.Singleton(
        ApiKeysHandler, uow=uow.provider, permissions=infra.permissions, clock=infra.clock
    )
    role_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresRoleQueries, infra.reader),
        memory=providers.Singleton(MemoryRoleQueries, infra.store),
    )
    staff_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresStaffQueries, infra.reader),
        memory=providers.Singleton(MemoryStaffQueries, infra.store),
    )
    invitation_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresInvitationQueries, infra.reader),
        memory=providers.Singleton(MemoryInvitationQueries, infra.store),
    )
    staff_door = providers.Singleton(StaffDoor, queries, infra.clock)
    guarded = providers.Singleton(GuardedRights, infra.settings.provided.second_person_rights)
    look_after_roles = providers.Singleton(RolesHandler, uow.provider, infra.permissions, infra.clock, guarded)
    look_after_staff = providers.Singleton(
        StaffHandler, uow.provider, infra.permissions, infra.clock, guarded, infra.second_person
    )
    approved = providers.Dict({CHANGE.name: look_after_staff.provided.approved})
    look_after_invitations = providers.Singleton(InvitationsHandler, uow.provider, infra.clock, guarded)
    passwords = providers.Singleton(Argon2Passwords)
    local_throttle = providers.Singleton(LocalThrottle, infra.clock)
    throttle = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(
            SharedThrottle,
            providers.Singleton(RedisThrottle, infra.scripts, providers.Singleton(throttle_key, infra.guest_tokens)),
            local_throttle,
        ),
        memory=local_throttle,
    )
    key = providers.Singleton(rotation_key, infra.guest_tokens)
    codes = providers.Singleton(OneTimeCodes, infra.guest_tokens)
    redeemer = providers.Singleton(Redeemer, codes)
    present_password = providers.Singleton(PresentPassword, queries, passwords, throttle, refusals)
    sign_in_providers = providers.Singleton(
        OidcProviders, infra.settings.provided.oidc, infra.settings.provided.api_base, infra.clock
    )
    ways_in = providers.Singleton(WaysIn, sign_in_providers)
    second_factors = providers.Container(
        SecondFactorsContainer,
        infra=infra,
        uow=uow.provider,
        queries=queries,
        throttle=throttle,
        refusals=refusals,
        codes=codes,
        redeemer=redeemer,
        present_password=present_password,
        ways_in=ways_in,
    )

    register_customer = providers.Singleton(RegisterHandler, uow.provider, passwords, throttle, refusals, infra.clock)
    login = providers.Singleton(
        LoginHandler,
        uow.provider,
        queries,
        passwords,
        throttle,
        second_factors.start_session,
        second_factors.ask_for_factor,
        refusals,
    )
    refresh_tokens = providers.Singleton(
        RefreshHandler, uow.provider, queries, second_factors.factor_queries, second_factors.tokens, key, infra.clock
    )
    logout = providers.Singleton(LogoutHandler, uow=uow.provider, key=key, clock=infra.clock)
    prove_session = providers.Singleton(ProveSessionHandler, uow=uow.provider, key=key, clock=infra.clock)
    end_session = providers.Singleton(EndSessionHandler, uow=uow.provider, clock=infra.clock)
    end_all_sessions = providers.Singleton(EndAllSessionsHandler, uow=uow.provider, clock=infra.clock)
    list_sessions = providers.Singleton(ListSessionsHandler, queries=queries, clock=infra.clock)
    accept_invitation = providers.Singleton(
        AcceptInvitationHandler, uow.provider, passwords, codes, throttle, infra.clock, guarded
    )
    ask_for_code = providers.Singleton(AskForCodeHandler, uow.provider, throttle, email_digests, refusals, infra.clock)
    verify_email = providers.Singleton(VerifyEmailHandler, uow.provider, redeemer, throttle, infra.clock)
    reset_password = providers.Singleton(ResetPasswordHandler, uow.provider, passwords, redeemer, throttle, infra.clock)
    change_password = providers.Singleton(ChangePasswordHandler, uow.provider, present_password, passwords, infra.clock)
    change_email = providers.Singleton(
        ChangeEmailHandler, uow=uow.provider, present_password=present_password, clock=infra.clock
    )
    confirm_email = providers.Singleton(ConfirmEmailHandler, uow.provider, redeemer, throttle, infra.clock)
    through_providers = providers.Container(
        ThroughProvidersContainer,
        infra=infra,
        uow=uow,
        queries=queries,
        start_session=second_factors.start_session,
        ask_for_factor=second_factors.ask_for_factor,
        codes=codes,
        refusals=refusals,
        present_password=present_password,
        sign_in_providers=sign_in_providers,
        ways_in=ways_in,
    )
    ensure_account = providers.Singleton(EnsureAccountHandler, uow=uow.provider, passwords=passwords, clock=infra.clock)
    issue_staff_token = providers.Singleton(
        IssueStaffTokenHandler, uow=uow.provider, queries=queries, access_tokens=infra.access_tokens
    )

    impersonate = providers.Singleton(ImpersonateHandler, uow.provider, infra.access_tokens)
    in_place = providers.Singleton(InPlaceNotes, uow.provider)
    live_sessions = providers.Singleton(SessionDoor, queries, infra.clock)
    close_account = providers.Singleton(CloseAccountHandler, uow=uow.provider, clock=infra.clock)
    api = providers.Singleton(
        IdentityFacade, queries, present_password, second_factors.second_factor_first, close_account
    )
    personal_data = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresPersonalData, "identity", uow.provider, TABLES, TRACES),
        memory=providers.Singleton(MemoryPersonalData, "identity", uow.provider, TABLES, ROWS, memory_traces),
    )
    controllers = providers.Object(
        (
            AuthController,
            SessionsController,
            CodesController,
            CredentialsController,
            CsrfController,
            JwksController,
            ApiKeyController,
            PermissionsController,
            RolesController,
            StaffController,
            InvitationsController,
            SecondFactorController,
            PasskeyController,
            OidcController,
            IdentitiesController,
            ImpersonationController,
        )
    )
    own_handlers = providers.Dict(
        register_customer=register_customer,
        login=login,
        refresh_tokens=refresh_tokens,
        logout=logout,
        prove_session=prove_session,
        list_sessions=list_sessions,
        end_session=end_session,
        end_all_sessions=end_all_sessions,
        ask_for_code=ask_for_code,
        verify_email=verify_email,
        reset_password=reset_password,
        change_password=change_password,
        change_email=change_email,
        confirm_email=confirm_email,
        public_keys=infra.access_tokens,
        api_key_queries=api_key_queries,
        look_after_api_keys=look_after_api_keys,
        permission_names=infra.permissions,
        role_queries=role_queries,
        look_after_roles=look_after_roles,
        staff_queries=staff_queries,
        look_after_staff=look_after_staff,
        invitation_queries=invitation_queries,
        look_after_invitations=look_after_invitations,
        accept_invitation=accept_invitation,
        impersonate=impersonate,
        clock=infra.clock,
    )
    handlers = providers.Callable(
        or_, providers.Callable(or_, own_handlers, second_factors.handlers), through_providers.handlers
    )
    subscribers = providers.Callable(
        heard_by,
        uow.provider,
        providers.Singleton(IssueCodeHandler, queries=queries, clock=infra.clock),
        providers.Singleton(OfferEmailHandler, queries=queries, clock=infra.clock),
    )
    housekeeping = providers.Container(HousekeepingContainer, infra=infra, uow=uow)
    schedule = housekeeping.schedule
