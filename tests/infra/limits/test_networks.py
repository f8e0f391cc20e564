"""Addresses that count as one caller."""

import pytest

from merx.infra.limits.networks import network_of, site_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_s25_ipv6_is_counted_by_network(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::", "2001:db8:1::/48"),
        ("2001:db8:2::1", "2001:db8:2::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:192.0.2.1", None),
        ("192.0.2.1", None),
        ("", None),
        ("testclient", None),
        ("no/64", None),
    ],
)
def test_s04_networks_of_one_customer_are_one_site(address, site):
    assert site_of(address) == site
