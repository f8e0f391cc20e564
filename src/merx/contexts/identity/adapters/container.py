"""Wiring of second factors, of the sessions that they open, and of their tokens. Part of the container of identity."""

from typing import Any
from uuid import UUID

from dependency_injector import containers, providers

from merx.contexts.identity.adapters.ceremonies import WebAuthnCeremonies
from merx.contexts.identity.adapters.memory_factors import MemoryFactorQueries
from merx.contexts.identity.adapters.passkey_challenges import SignedChallenges
from merx.contexts.identity.adapters.postgres_factors import PostgresFactorQueries
from merx.contexts.identity.adapters.totp_codes import PyotpCodes
from merx.contexts.identity.usecases.answer_challenge import AnswerChallengeHandler
from merx.contexts.identity.usecases.ask_for_factor import FactorAsker
from merx.contexts.identity.usecases.factor_proof import FactorProof
from merx.contexts.identity.usecases.passkey_proof import PasskeyProof
from merx.contexts.identity.usecases.passkeys import PasskeyLoginHandler, PasskeysHandler
from merx.contexts.identity.usecases.recovery_codes import RecoveryCodesHandler
from merx.contexts.identity.usecases.remove_factors import RemoveFactorsHandler
from merx.contexts.identity.usecases.second_factor_first import SecondFactorFirst
from merx.contexts.identity.usecases.start_session import SessionStarter
from merx.contexts.identity.usecases.step_up import AskToStepUpHandler, StepUpHandler
from merx.contexts.identity.usecases.tokens import TokenPair
from merx.contexts.identity.usecases.totp import TotpHandler
from merx.infra.guest_tokens import GuestTokens
from merx.infra.passkey_site import rp_id, rp_origins


def challenge_key(tokens: GuestTokens) -> bytes:
    """The key that signs the challenges of passkeys, derived from the shop's secret."""
    return tokens.issue("passkey-challenge", UUID(int=0)).encode()


class SecondFactorsContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    # The factory itself, not a unit of work.
    uow: providers.Dependency[Any] = providers.Dependency()
    queries: providers.Dependency[Any] = providers.Dependency()
    throttle: providers.Dependency[Any] = providers.Dependency()
    refusals: providers.Dependency[Any] = providers.Dependency()
    codes: providers.Dependency[Any] = providers.Dependency()
    redeemer: providers.Dependency[Any] = providers.Dependency()
    present_password: providers.Dependency[Any] = providers.Dependency()
    ways_in: providers.Dependency[Any] = providers.Dependency()

    staff_must = providers.Singleton(bool, infra.settings.provided.staff_must_have_mfa)
    tokens = providers.Singleton(
        TokenPair, infra.access_tokens, infra.settings.provided.access_token_seconds, staff_must
    )
    start_session = providers.Singleton(SessionStarter, tokens, infra.clock)
    factor_queries = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresFactorQueries, infra.reader),
        memory=providers.Singleton(MemoryFactorQueries, infra.store),
    )
    # People know the shop by its host: in the app with the codes, and when a device asks which passkey.
    domain = providers.Singleton(rp_id, infra.settings)
    totp_codes = providers.Singleton(PyotpCodes, domain)
    ceremonies = providers.Singleton(
        WebAuthnCeremonies, domain, domain, providers.Singleton(rp_origins, infra.settings)
    )
    challenges = providers.Singleton(SignedChallenges, providers.Singleton(challenge_key, infra.guest_tokens))
    passkey_proof = providers.Singleton(PasskeyProof, uow, ceremonies, challenges)
    factor_proof = providers.Singleton(FactorProof, passkey_proof, totp_codes, infra.sealer, throttle, refusals)

    ask_for_factor = providers.Singleton(FactorAsker, codes, passkey_proof, infra.clock)
    answer_challenge = providers.Singleton(
        AnswerChallengeHandler, uow, redeemer, factor_proof, throttle, start_session, infra.clock
    )
    step_up = providers.Singleton(
        StepUpHandler, uow, queries, factor_queries, present_password, factor_proof, tokens, infra.clock
    )
    ask_to_step_up = providers.Singleton(AskToStepUpHandler, uow, passkey_proof, infra.clock)
    second_factor_first = providers.Singleton(SecondFactorFirst, factor_queries)
    look_after_totp = providers.Singleton(
        TotpHandler, uow, totp_codes, infra.sealer, throttle, refusals, staff_must, infra.clock
    )
    make_recovery_codes = providers.Singleton(RecoveryCodesHandler, uow, infra.clock)
    remove_factors = providers.Singleton(RemoveFactorsHandler, uow, ways_in, infra.clock)
    look_after_passkeys = providers.Singleton(
        PasskeysHandler, uow, ceremonies, challenges, ways_in, staff_must, infra.clock
    )
    passkey_login = providers.Singleton(PasskeyLoginHandler, uow, passkey_proof, start_session, refusals, infra.clock)

    handlers = providers.Dict(
        factor_queries=factor_queries,
        second_factor_first=second_factor_first,
        answer_challenge=answer_challenge,
        step_up=step_up,
        ask_to_step_up=ask_to_step_up,
        look_after_totp=look_after_totp,
        make_recovery_codes=make_recovery_codes,
        look_after_passkeys=look_after_passkeys,
        passkey_login=passkey_login,
    )
