"""What columns are called, in several languages. To teach `init` a header, add it to `WORDS`, or to `NEVER`.

English, Spanish, Portuguese, German, French, Italian, and Hindi both transliterated and in Devanagari.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache
from typing import Final

from importer.model.whitespace import text_key


class Role(StrEnum):
    """What a column may be to a lead. The value of the last ones is the attribute they become."""

    CRM_ID = "crm_id"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    PHONE = "phone_number"
    OPT_IN = "opt_in_date"
    CREATED = "created"
    OWNER = "owner"
    CONSENT = "consent"
    OPT_OUT = "opt_out"
    EMAIL = "email"
    COMPANY = "company"
    JOB_TITLE = "job_title"
    STREET = "street"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    SOURCE = "source"
    STATUS = "status"


ATTRIBUTES: Final = tuple(Role)[list(Role).index(Role.EMAIL) :]
"""The roles that become attributes of the same name."""

WORDS: Final = {
    # The best ones first: of two columns that fit equally, the one whose name stands further ahead is taken.
    Role.CRM_ID: """
        crm id, lead id, contact id, record id, external id, customer id, client id, person id, member id, user id,
        prospect id, registration id, application id, id, uuid, guid, reference, ref, lead number, lead no,
        customer number, customer no, contact number id, account id, unique id,
        id cliente, id contacto, id lead, codigo, codigo cliente, numero de cliente, matricula,
        id do cliente, id do contato, id contato, codigo do cliente, cod cliente,
        kunden id, kundennummer, kunden nr, kontakt id, kontaktnummer, lead nummer, mitgliedsnummer, interessenten id,
        identifiant, id client, id contact, numero client, code client, reference client,
        id contatto, codice, codice cliente, numero cliente, id grahak, grahak id, grahak sankhya""",
    Role.FIRST_NAME: """
        first name, given name, forename, christian name, fname, first,
        primer nombre, nombres, nombre de pila, primeiro nome, prenome, nome proprio, vorname, rufname,
        prenom, prenoms, nome di battesimo, pehla naam, pratham naam, पहला नाम, प्रथम नाम""",
    Role.LAST_NAME: """
        last name, surname, family name, lname, last,
        apellido, apellidos, primer apellido, sobrenome, apelido, ultimo nome, nachname, familienname, zuname,
        nom de famille, patronyme, cognome, upnaam, upnam, kulnaam, antim naam, उपनाम, कुलनाम""",
    Role.FULL_NAME: """
        full name, contact name, lead name, customer name, client name, person name, display name, name,
        student name, applicant name, your name, attendee name, contact person, contact,
        nombre completo, nombre y apellido, nombre y apellidos, nombre, nombre del cliente,
        nome completo, nome do cliente, nome e sobrenome, nome,
        vollstandiger name, vor und nachname, ansprechpartner, kundenname, name vorname,
        nom complet, nom et prenom, nom prenom, nom du client, nom,
        nome e cognome, nominativo, nome cliente, pura naam, poora naam, naam, nam, grahak ka naam, नाम, पूरा नाम""",
    Role.PHONE: """
        mobile, mobile phone, mobile number, mobile no, cell, cell phone, cell number, whatsapp, whatsapp number,
        phone, phone number, phone no, telephone, telephone number, tel, contact number, contact no, contact phone,
        primary phone, phone 1, phone1, work phone, business phone, home phone, phone 2, alternate phone,
        alternate number, alternate mobile, secondary phone, other phone, landline, msisdn,
        movil, celular, telefono movil, numero de celular, numero de telefono, telefono, numero de movil,
        celular whatsapp, telemovel, telefone celular, telefone, numero de telefone, fone, numero do celular, contato,
        handy, handynummer, mobil, mobilnummer, mobiltelefon, mobilfunk, telefon, telefonnummer, rufnummer,
        telefon privat, telefon geschaftlich, festnetz, telefon 1,
        portable, telephone portable, numero de telephone, numero de portable, gsm,
        cellulare, numero di cellulare, numero di telefono, recapito, recapito telefonico,
        mobail, mobile nambar, mobile sankhya, fon, fon nambar, doorbhash, durbhash, sampark, sampark sankhya,
        sampark number, मोबाइल, मोबाइल नंबर, फोन, फोन नंबर, फ़ोन, दूरभाष""",
    Role.OPT_IN: """
        opt in date, opt in, optin date, optin time, opted in, opted in on, opt in at, opt in time, optin, consent date,
        consent given on, consent time, consented at, subscribed on, subscribed at, subscription date,
        subscribe date, date subscribed, registered on, registration date, registered at, signed up, signed up on,
        signup date, sign up date, confirm time,
        fecha de alta, fecha de consentimiento, fecha de suscripcion, fecha de registro, fecha de inscripcion,
        data de consentimento, data do consentimento, data de inscricao, data de cadastro, data do cadastro,
        einwilligung am, einwilligungsdatum, datum der einwilligung, anmeldedatum, registriert am, anmeldung am,
        registrierungsdatum, zustimmung am,
        date de consentement, date du consentement, date d inscription, inscrit le, date d abonnement,
        data consenso, data del consenso, data iscrizione, data di iscrizione, iscritto il, data registrazione,
        sahmati tithi, sahmati dinank, panjikaran tithi, panjikaran dinank, सहमति तिथि, पंजीकरण तिथि""",
    Role.CREATED: """
        created, created at, created on, create date, created date, created time, creation date, date created,
        date added, added on, timestamp, submitted at, submission date, lead date, enquiry date, date,
        fecha de creacion, creado el, fecha, marca temporal, data de criacao, criado em, data,
        erstellt am, erstellungsdatum, angelegt am, datum, zeitstempel, date de creation, cree le, horodateur,
        data di creazione, data creazione, creato il, tithi, dinank, तिथि, दिनांक""",
    Role.OWNER: """
        owner, lead owner, contact owner, record owner, account owner, sales owner, owner email, owner e mail,
        owner name, assigned to, assigned user, assignee, agent, agent email, sales rep, sales representative,
        salesperson, account manager, relationship manager, rm, counsellor, counselor, handled by,
        propietario, asignado a, responsable, vendedor, agente, comercial, asesor,
        responsavel, proprietario, atribuido a, consultor, corretor,
        besitzer, inhaber, zustandig, zustandiger, betreuer, kundenbetreuer, verkaufer, vertriebler, bearbeiter,
        sachbearbeiter, proprietaire, attribue a, assigne a, charge de clientele, conseiller,
        proprietario contatto, responsabile, assegnato a, venditore, commerciale, prabhari, adhikari, प्रभारी""",
    Role.CONSENT: """
        consent, opt in, opted in, opt in status, optin, marketing consent, gdpr consent, gdpr, whatsapp consent,
        whatsapp opt in, sms consent, email consent, subscribed, subscriber, subscription status, permission,
        email opt in, sms opt in, marketing opt in, newsletter, email permission status,
        consentimiento, acepta, acepta marketing, acepta publicidad, suscrito, consentimento, aceita,
        aceita marketing, lgpd, inscrito, einwilligung, zustimmung, werbeeinwilligung, dsgvo, dsgvo einwilligung,
        consentement, rgpd, accepte, abonne, consenso, consenso marketing, consenso privacy, privacy, iscritto,
        sahmati, anumati, सहमति""",
    Role.OPT_OUT: """
        do not contact, do not call, donotcall, do not email, do not sms, dnd, dnc, opt out, opted out, optout,
        unsubscribed, email opt out, has opted out of email, unsubscribed from all email, blocked, blacklisted,
        blacklist, blocklist, suppressed, suppression, suppression list, suppress, no call, no calls, no sms,
        no contact, do not mail, do not text, unsubscribe, unsubscription, unsub, opt outs, robinson list,
        robinsonliste, widerruf, no contactar, no llamar, no molestar, baja, nao contatar, nao ligar, nao perturbe,
        descadastrado,
        nicht kontaktieren, nicht anrufen, werbesperre, gesperrt, abgemeldet, ne pas contacter, ne pas appeler,
        desabonne, desinscrit, non contattare, non chiamare, disiscritto, sampark na karen""",
    Role.EMAIL: """
        email, e mail, email address, e mail address, mail, primary email, work email, email 1, email id, mail id,
        contact email, personal email, email adresse, e mail adresse, mailadresse,
        correo, correo electronico, direccion de correo, direccion de correo electronico, endereco de email,
        endereco de e mail, courriel, adresse email, adresse e mail, adresse mail, mel,
        posta elettronica, indirizzo email, indirizzo e mail, imel, ईमेल""",
    Role.COMPANY: """
        company, company name, organization, organisation, organization name, company account, account name, business,
        business name, employer, empresa, compania, organizacion, organizacao, razon social, razao social, firma,
        unternehmen, entreprise, societe, raison sociale, azienda, societa, ragione sociale, organizzazione, kampani""",
    Role.JOB_TITLE: """
        job title, title, position, designation, role, job role, occupation, profession, cargo, puesto, funcao,
        profissao, ocupacion, profesion, stellenbezeichnung, funktion, beruf, poste, fonction, intitule du poste,
        qualifica, ruolo, mansione, professione, posizione, pad""",
    Role.STREET: """
        street, street address, address, address 1, address line 1, mailing street, home street, business street,
        direccion, calle, domicilio, endereco, rua, logradouro, strasse, anschrift, adresse, strasse und hausnummer,
        rue, voie, indirizzo, via, pata, पता""",
    Role.POSTAL_CODE: """
        postal code, postcode, post code, zip, zip code, zip postal code, pin code, pincode, pin, codigo postal, cp,
        cep, plz, postleitzahl, code postal, cap, pin kod""",
    Role.CITY: """
        city, town, mailing city, home city, business city, location, ciudad, localidad, poblacion, municipio, cidade,
        stadt, ort, wohnort, ville, commune, citta, comune, localita, shahar, sheher, nagar, शहर""",
    Role.STATE: """
        state, province, region, county, state province, state region, estado, provincia, bundesland, kanton,
        departement, regione, uf, rajya, pradesh, राज्य""",
    Role.COUNTRY: """
        country, country region, country code, country name, nation, mailing country, home country, business country,
        pais, land, pays, paese, nazione, desh, देश""",
    Role.SOURCE: """
        lead source, source, original source, channel, campaign, utm source, origen, fuente, origem, fonte, canal,
        quelle, herkunft, lead quelle, kampagne, origine, source du lead, campagne, provenienza, campagna, srot""",
    Role.STATUS: """
        lead status, status, lifecycle stage, stage, lead stage, contact status, disposition, estado del lead, etapa,
        situacao, phase, lead status intern, statut, etape, stato, fase, sthiti""",
}

NEVER: Final = {
    # Words that make a column with one of the above inside something else: the phone of an assistant is no lead's.
    Role.CRM_ID: """owner, company, campaign, created, modified, updated, by, parent, converted, deal, associated, tax,
        government, organizational, email, mail, user, type, tag, file, source, job, ip, session, form, page, ad""",
    Role.FIRST_NAME: """phonetic, yomi, spouse, father, mother, assistant, manager, company, account, owner, by,
        last""",
    Role.LAST_NAME: """phonetic, yomi, spouse, father, mother, assistant, manager, company, account, owner, by, date,
        activity, time, contacted, modified, updated, seen, login, call, month, changed, second, first, visit""",
    Role.FULL_NAME: """company, account, user, file, campaign, owner, agent, by, father, mother, spouse, assistant,
        manager, phonetic, yomi, middle, additional, nick, nickname, short, maiden, prefix, suffix, organization,
        business, product, list, school, city, country, state, id, email, mail, phone, number, status, date, stage,
        type, domain, event, sheet, last, first, form, tag, type, method, preference""",
    Role.PHONE: """fax, pager, assistant, telex, type, label, extension, ext, country, code, emergency, company, owner,
        isdn, radio, tty, callback, verified, status, calls, valid, carrier, count, consent, opt, ip, model""",
    Role.OPT_IN: """out, ip, status, source, last""",
    Role.CREATED: """by, birth, death, expiry, renewal, last, modified, updated, close, closed, due, next, start,
        end, source, id, first, email""",
    Role.OWNER: """date, created, team, phone, assigned date, changed, home, previous, status""",
    Role.CONSENT: """date, time, out, ip, source, count, at, on, name, id, key, number, version, form, url, link,
        method, type""",
    Role.OPT_OUT: """reason, by, source, ip, id, count, url, link""",
    Role.EMAIL: """owner, type, label, display, status, opt, out, consent, verified, bounced, bounce, domain, date,
        sent, count, assistant, client, source, quality, opens, clicks, last, first, permission, subject, invalid,
        manager, agent, by, rep""",
    Role.COMPANY: """owner, phone, size, type, id, domain, fax, main, website, age, email, contact, last, first, number,
        city, country, street, state, address, revenue""",
    Role.JOB_TITLE: """date, id, book, company""",
    Role.STREET: """ip, mac, email, mail, web, number 2, po, box, url""",
    Role.POSTAL_CODE: """by, date""",
    Role.CITY: """id, code, ip, type""",
    Role.STATE: """country, ip, date, lead""",
    Role.COUNTRY: """ip, calling, phone, dial""",
    Role.SOURCE: """id, detail, drill, date, owner, code""",
    Role.STATUS: """date, time, id, opt, email, changed, history, reason""",
}

ROW_NUMBERS: Final = """#, no, nr, n, num, s no, sr no, sl no, serial, serial no, serial number, index, idx, row,
    row number, row id, row no, line, pos, lfd nr, numero, n o, ordem, fila, riga, ligne, zeile, kramank,
    kram sankhya, sr, unnamed 0"""
"""What a column of row numbers is called: 1, 2, 3 in every file, so never an id."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_NAME: Final = 120


def words_of(name: str) -> tuple[str, ...]:
    """The words of a header: case, accents and punctuation do not count; `FirstName` is two words.

    Nor does the `__c` that Salesforce puts behind the names of its users' own fields.
    """
    parted = _CAMEL.sub(" ", name[:_LONGEST_NAME].removesuffix("__c"))
    decomposed = unicodedata.normalize("NFKD", text_key(parted))
    plain = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return tuple(re.sub(r"[\W_]+", " ", plain, flags=re.UNICODE).split()) if plain.isascii() else _marked_words(plain)


def _marked_words(text: str) -> tuple[str, ...]:
    # `\w` leaves out the vowel signs of Devanagari.
    kept = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return tuple(kept.split())


def squeezed(name: str) -> str:
    """What `First Name`, `first_name` and `FIRSTNAME` have in common."""
    return "".join(words_of(name))


def is_row_number(name: str) -> bool:
    """Whether a column of this name counts rows."""
    return squeezed(name) in _row_numbers() or name.strip() == "#"


def meanings(name: str) -> dict[Role, float]:
    """How surely a column of this name has each role: from 0.9 where it is named so, else below 0.8."""
    words = words_of(name)
    exact = {role: 1 - rank / 1000 for role, rank in _by_name().get("".join(words), ())}
    # “Nombre y apellidos” is known as a whole, so its parts add nothing.
    return exact or {role: sureness for role in Role if (sureness := _inside(words, role))}


def all_words() -> frozenset[str]:
    """Every name that a column of a lead list may have: they help to find the header."""
    return frozenset(word for words in WORDS.values() for word in _listed(words))


def _inside(words: tuple[str, ...], role: Role) -> float:
    if not _never()[role].isdisjoint(words):
        return 0.0
    joined = f" {' '.join(words)} "
    best = max((len(phrase) for phrase in _phrases()[role] if f" {phrase} " in joined), default=0)
    return 0.5 + 0.25 * best / len(joined) if best else 0.0


def _listed(words: str) -> list[str]:
    return [" ".join(word.split()) for word in words.split(",")]


@cache
def _row_numbers() -> frozenset[str]:
    return frozenset(squeezed(word) for word in _listed(ROW_NUMBERS)) - {""}


@cache
def _by_name() -> dict[str, list[tuple[Role, int]]]:
    names: dict[str, list[tuple[Role, int]]] = {}
    for role, words in WORDS.items():
        for rank, word in enumerate(_listed(words)):
            roles = names.setdefault(squeezed(word), [])
            if role not in (known for known, _ in roles):
                roles.append((role, rank))
    return names


@cache
def _phrases() -> dict[Role, tuple[str, ...]]:
    """What may occur inside a longer name. A short word may not: `no`, `tel`, `cap` are parts of too much."""
    return {
        role: tuple(" ".join(words_of(word)) for word in _listed(words) if len(word) > 3 or word == "id")
        for role, words in WORDS.items()
    }


@cache
def _never() -> dict[Role, frozenset[str]]:
    return {role: frozenset(_listed(words)) for role, words in NEVER.items()}
