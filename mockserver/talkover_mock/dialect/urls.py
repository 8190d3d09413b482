"""Which text is a URL, as Laravel's rule `url` decides (measured on 8.83: the cases are in the rule's table test)."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Any
from unicodedata import category

_SCHEMES = frozenset(
    """
    aaa aaas about acap acct acd acr adiumxtra adt afp afs aim amss android appdata apt ark attachment aw barion
    beshare bitcoin bitcoincash blob bolo browserext calculator callto cap cast casts chrome chrome-extension cid
    coap coap+tcp coap+ws coaps coaps+tcp coaps+ws com-eventbrite-attendee content conti crid cvs dab data dav
    diaspora dict did dis dlna-playcontainer dlna-playsingle dns dntp dpp drm drop dtn dvb ed2k elsi example
    facetime fax feed feedready file filesystem finger first-run-pen-experience fish fm ftp fuchsia-pkg geo gg git
    gizmoproject go gopher graph gtalk h323 ham hcap hcp http https hxxp hxxps hydrazone iax icap icon im imap info
    iotdisco ipn ipp ipps irc irc6 ircs iris iris.beep iris.lwz iris.xpc iris.xpcs isostore itms jabber jar jms
    keyparc lastfm ldap ldaps leaptofrogans lorawan lvlt magnet mailserver mailto maps market message mid mms modem
    mongodb moz ms-access ms-browser-extension ms-calculator ms-drive-to ms-enrollment ms-excel ms-eyecontrolspeech
    ms-gamebarservices ms-gamingoverlay ms-getoffice ms-help ms-infopath ms-inputapp ms-lockscreencomponent-config
    ms-media-stream-id ms-mixedrealitycapture ms-mobileplans ms-officeapp ms-people ms-project ms-powerpoint
    ms-publisher ms-restoretabcompanion ms-screenclip ms-screensketch ms-search ms-search-repair
    ms-secondary-screen-controller ms-secondary-screen-setup ms-settings ms-settings-airplanemode
    ms-settings-bluetooth ms-settings-camera ms-settings-cellular ms-settings-cloudstorage
    ms-settings-connectabledevices ms-settings-displays-topology ms-settings-emailandaccounts ms-settings-language
    ms-settings-location ms-settings-lock ms-settings-nfctransactions ms-settings-notifications ms-settings-power
    ms-settings-privacy ms-settings-proximity ms-settings-screenrotation ms-settings-wifi ms-settings-workplace
    ms-spd ms-sttoverlay ms-transit-to ms-useractivityset ms-virtualtouchpad ms-visio ms-walk-to ms-whiteboard
    ms-whiteboard-cmd ms-word msnim msrp msrps mss mtqp mumble mupdate mvn news nfs ni nih nntp notes ocf oid
    onenote onenote-cmd opaquelocktoken openpgp4fpr pack palm paparazzi payto pkcs11 platform pop pres prospero
    proxy pwid psyc pttp qb query redis rediss reload res resource rmi rsync rtmfp rtmp rtsp rtsps rtspu s3
    secondlife service session sftp sgn shttp sieve simpleledger sip sips skype smb sms smtp snews snmp soap.beep
    soap.beeps soldat spiffe spotify ssh steam stun stuns submit svn tag teamspeak tel teliaeid telnet tftp tg
    things thismessage tip tn3270 tool ts3server turn turns tv udp unreal urn ut2004 v-event vemmi ventrilo videotex
    vnc view-source wais webcal wpid ws wss wtai wyciwyg xcon xcon-userid xfire xmlrpc.beep xmlrpc.beeps xmpp xri
    ymsgr z39.50 z39.50r z39.50s
    """.split()  # noqa: SIM905
)
"""The schemes that the rule lists."""
_ENCODED = "%[0-9A-Fa-f]{2}"
_IN_USER = rf"(?: [\w.-] | {_ENCODED} )+"
_IN_PATH = r"\w.~!$&'()*+,;=:@\-"
_NOT_IN_HOST = r"""\x00-\x20!"\#%&'()*,/:;?@\[\\\]{}\x7f"""


def _some(characters: str) -> str:
    """Any number of the characters and of bytes in percent-encoding; there is one way to match a text."""
    return rf"[{characters}]* (?: {_ENCODED} [{characters}]* )*"


_PATH, _QUERY, _FRAGMENT = _some(_IN_PATH), _some(_IN_PATH + r"/?\[\]"), _some(_IN_PATH + "/?")
_URL = re.compile(
    rf"""([A-Za-z0-9.+-]+) ://
    (?: (?= [^/?\#@]* @ ) (?: {_IN_USER} : )? {_IN_USER} @ )?
    (?: \[ ([0-9A-Fa-f:.]+) \] | ([^{_NOT_IN_HOST}]+) ) (?: : [0-9]+ )?
    (?: / {_PATH} )*
    (?: \? {_QUERY} )?
    (?: \# {_FRAGMENT} )?""",
    re.VERBOSE,
)
_PUNYCODE = re.compile(r".xn--(?:[^\W_]|-)+$", re.IGNORECASE)


def is_url(value: Any) -> bool:
    """Whether a value is a URL with one of the rule's schemes and a host."""
    found = _URL.fullmatch(value) if type(value) is str else None
    if found is None or found[1].lower() not in _SCHEMES:
        return False
    return _is_address(found[2]) if found[2] else _is_name(found[3])


def is_url_pattern(pattern: str) -> bool:
    """Whether a URL can match a pattern, in which `*` is any text."""
    start, star, _ = pattern.lower().partition("*")
    scheme, slashes, _ = start.partition("://")
    if slashes:
        return scheme in _SCHEMES
    return star != "" and any(f"{each}://".startswith(start) for each in _SCHEMES)


def _is_address(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """Whether a host is two or more letters, digits, symbols and `-_.`, the last a letter or a digit.

    One dot may follow, and after `xn--` also a hyphen may be the last.
    """
    name = host.removesuffix(".")
    if len(name) < 2 or not (name.isascii() or all(each in "-_." or category(each)[0] in "LNS" for each in name)):
        return False
    return name[-1].isalnum() or _PUNYCODE.search(name) is not None
